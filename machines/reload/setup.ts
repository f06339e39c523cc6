import { assign, fromPromise, setup } from 'xstate'
import type { Outcome } from '../../src/model/record.ts'
import { isNewer } from '../../src/model/revision.ts'
import type {
  Candidate,
  Ending,
  EpochInput,
  ReadVerdict,
  ReloadContext,
  ReloadEvent,
  ReloadInput,
  RollBackVerdict,
  StepVerdict,
  ValidateVerdict,
  Verdict,
} from './types.ts'

/** A bound on replacing: a steady writer and a slow schema must not keep a transaction in `validating` for ever. */
const MAX_REPLACEMENTS = 3

const hole = <Output, Input>() =>
  fromPromise<Output, Input>(() => Promise.reject(new Error('A hole: give this actor with machine.provide')))

/** The candidate that an event carries. XState types an action's event by the machine's events alone, hence here. */
const candidateOf = (event: ReloadEvent): Candidate | undefined =>
  event.type === 'source.changed' ? event.candidate : undefined

/** What a finished actor answered; done events are no part of the machine's own event type. */
const verdictOf = (event: object): Verdict | undefined => (event as { readonly output?: Verdict }).output

const begin = ({ epoch }: ReloadContext) =>
  ({ epoch: epoch + 1, replacements: 0, ending: 'failed', compensates: false, untried: undefined }) as const

const changeTrigger = ({ hasServed }: ReloadContext) => (hasServed ? 'change' : 'start')

const withoutWaiting = ({ waiting }: ReloadContext) => ({ ...waiting, candidate: undefined })

export const reloadSetup = setup({
  types: { context: {} as ReloadContext, input: {} as ReloadInput, events: {} as ReloadEvent },
  actors: {
    readDocument: hole<ReadVerdict, EpochInput & Pick<ReloadContext, 'seen'>>(),
    validateDocument: hole<ValidateVerdict, EpochInput & Pick<ReloadContext, 'candidate' | 'degraded' | 'unproven'>>(),
    prepareModules: hole<StepVerdict, EpochInput>(),
    commitModules: hole<StepVerdict, EpochInput>(),
    completeModules: hole<StepVerdict, EpochInput>(),
    soakModules: hole<StepVerdict, EpochInput>(),
    rollBackModules: hole<RollBackVerdict, EpochInput & { readonly ending: Ending }>(),
    closeModules: hole<void, EpochInput>(),
  },
  actions: {
    /** Writes the terminal record; a hole. */
    conclude: (_, _params: { readonly outcome: Outcome }) => {},
    /** Reports an actor that broke its promise never to reject; a hole. */
    reportBroken: () => {},
    beginChange: assign(({ context, event }) => ({
      ...begin(context),
      trigger: changeTrigger(context),
      candidate: candidateOf(event),
      seen: candidateOf(event)?.revision,
    })),
    beginWaiting: assign(({ context }) => ({
      ...begin(context),
      trigger: changeTrigger(context),
      candidate: context.waiting.candidate,
      waiting: withoutWaiting(context),
    })),
    beginRead: assign(({ context }) => ({
      ...begin(context),
      trigger: 'reload',
      candidate: undefined,
      untried: context.untried, // the read may fail
      waiting: { ...context.waiting, read: false },
    })),
    beginRepair: assign(({ context }) => ({
      ...begin(context),
      trigger: 'repair',
      candidate: context.untried,
      repairs: context.repairs + 1,
    })),
    /** Takes what was read, or what arrived meanwhile where that is newer. */
    takeReading: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const { seen, waiting } = context
      if (verdict?.kind !== 'found') return {}
      const { candidate } = verdict
      const { lineage, order } = candidate.revision
      const held = waiting.candidate
      if (held !== undefined && isNewer(held.revision, candidate.revision)) {
        return { candidate: held, waiting: withoutWaiting(context), untried: undefined }
      }
      // The same document may have been told at a later order while it was read: what is seen never goes back.
      const isBack = lineage === seen?.lineage && order < seen.order
      return {
        candidate,
        seen: isBack ? seen : candidate.revision,
        waiting: withoutWaiting(context),
        untried: undefined,
      }
    }),
    replaceDocument: assign(({ context }) => ({
      candidate: context.waiting.candidate,
      waiting: withoutWaiting(context),
      replacements: context.replacements + 1,
    })),
    hold: assign(({ context, event }) => ({
      seen: candidateOf(event)?.revision ?? context.seen,
      waiting: { ...context.waiting, candidate: candidateOf(event) },
    })),
    /** The same document at a later order: no work, but what is older than that order is stale from now on. */
    noteOrder: assign(({ context: { seen }, event }) => {
      const revision = candidateOf(event)?.revision
      const isLater = revision !== undefined && revision.name === seen?.name && revision.order > seen.order
      return isLater ? { seen: revision } : {}
    }),
    holdRead: assign({ waiting: ({ context }) => ({ ...context.waiting, read: true }) }),
    holdClose: assign({ waiting: ({ context }) => ({ ...context.waiting, close: true }) }),
    notePlan: assign(({ event }) => {
      const verdict = verdictOf(event)
      return { compensates: verdict?.kind === 'valid' && verdict.compensates }
    }),
    end: assign((_, { ending }: { readonly ending: Ending }) => ({ ending })),
    noteServed: assign({ hasServed: true, degraded: [], unproven: false, repairs: 0 }),
    noteUnproven: assign({ unproven: true }),
    noteDegraded: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const names = verdict !== undefined && 'degraded' in verdict ? verdict.degraded : []
      return { degraded: [...new Set([...context.degraded, ...names])] }
    }),
    noteUntried: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const isUntried = verdict !== undefined && 'degraded' in verdict && verdict.isUntried === true
      return { untried: isUntried ? context.candidate : undefined }
    }),
    noteSuperseded: assign({ supersededBefore: true }),
    noteNotSuperseded: assign({ supersededBefore: false }),
  },
  guards: {
    isNewer: ({ context, event }) => {
      const candidate = candidateOf(event)
      return candidate !== undefined && isNewer(candidate.revision, context.seen)
    },
    maySupersede: ({ context }) => !context.supersededBefore,
    lastGoodWaits: ({ context }) => context.waiting.candidate?.isLastGood === true,
    closeWaits: ({ context }) => context.waiting.close,
    readWaits: ({ context }) => context.waiting.read,
    documentWaits: ({ context }) => context.waiting.candidate !== undefined,
    mayReplace: ({ context }) => context.candidate !== undefined && context.replacements < MAX_REPLACEMENTS,
    isDegraded: ({ context }) => context.degraded.length > 0 || context.unproven,
    hasServed: ({ context }) => context.hasServed,
    hasUntried: ({ context }) => context.untried !== undefined,
    compensates: ({ context }) => context.compensates,
    soaks: ({ context }) => context.soaks,
    failed: ({ event }) => verdictOf(event)?.kind === 'failed',
    invalid: ({ event }) => verdictOf(event)?.kind === 'invalid',
    unchanged: ({ event }) => verdictOf(event)?.kind === 'unchanged',
    leftDegraded: ({ event }) => {
      const verdict = verdictOf(event)
      return verdict !== undefined && 'degraded' in verdict && verdict.degraded.length > 0
    },
    superseded: ({ context }) => context.ending === 'superseded',
    aborted: ({ context }) => context.ending === 'aborted',
  },
  delays: {
    /** How long a degraded module rests before it is tried again; a hole. */
    repairBackoff: 1_000,
  },
})

/** Writes the terminal record of the transaction. */
export const conclude = <O extends Outcome>(outcome: O) => ({ type: 'conclude', params: { outcome } }) as const

/** Notes why the transaction is taken back. */
export const end = <E extends Ending>(ending: E) => ({ type: 'end', params: { ending } }) as const
