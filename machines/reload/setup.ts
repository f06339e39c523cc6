import { assign, fromPromise, setup } from 'xstate'
import type { Outcome } from '../../src/model/record.ts'
import { isNewer, type Revision } from '../../src/model/revision.ts'
import { candidateOf, verdictOf } from './events.ts'
import { reloadGuards, triesSource } from './guards.ts'
import type {
  Ending,
  EpochInput,
  ReadVerdict,
  ReloadContext,
  ReloadEvent,
  ReloadInput,
  RollBackVerdict,
  StepVerdict,
  ValidateVerdict,
} from './types.ts'

const hole = <Output, Input>() =>
  fromPromise<Output, Input>(() => Promise.reject(new Error('A hole: give this actor with machine.provide')))

const begin = ({ epoch }: ReloadContext) =>
  ({
    epoch: epoch + 1,
    replacements: 0,
    ending: 'failed',
    compensates: false,
    isConfirmed: false,
    frozenMeanwhile: false,
    untried: undefined,
    due: undefined,
  }) as const

const changeTrigger = ({ hasServed }: ReloadContext) => (hasServed ? 'change' : 'start')

/** What is seen never goes back within a lineage. */
const latest = (revision: Revision | undefined, seen: Revision | undefined): Revision | undefined =>
  seen !== undefined && (revision === undefined || (revision.lineage === seen.lineage && revision.order < seen.order))
    ? seen
    : revision

const withoutWaiting = ({ waiting }: ReloadContext) => ({ ...waiting, candidate: undefined })

export const reloadSetup = setup({
  types: { context: {} as ReloadContext, input: {} as ReloadInput, events: {} as ReloadEvent },
  actors: {
    readDocument: hole<ReadVerdict, EpochInput & Pick<ReloadContext, 'seen'>>(),
    validateDocument: hole<
      ValidateVerdict,
      EpochInput & Pick<ReloadContext, 'trigger' | 'candidate' | 'degraded' | 'soakFailed'>
    >(),
    journalAttempt: hole<StepVerdict, EpochInput>(),
    prepareModules: hole<StepVerdict, EpochInput>(),
    commitModules: hole<StepVerdict, EpochInput>(),
    completeModules: hole<StepVerdict, EpochInput>(),
    soakModules: hole<StepVerdict, EpochInput>(),
    /** Ends only by failing: it goes on checking until the transaction is confirmed. */
    checkModules: hole<StepVerdict, EpochInput>(),
    promoteSnapshot: hole<StepVerdict, EpochInput>(),
    rollBackModules: hole<RollBackVerdict, EpochInput & { readonly ending: Ending }>(),
    closeModules: hole<void, EpochInput>(),
  },
  actions: {
    /** Writes the terminal record; a hole. */
    conclude: (_, _params: { readonly outcome: Outcome }) => {},
    /** Reports an actor that broke its promise never to reject; a hole. */
    reportBroken: () => {},
    /** Notes that nobody confirmed in time; a hole. */
    reportUnconfirmed: () => {},
    beginChange: assign(({ context, event }) => ({
      ...begin(context),
      trigger: changeTrigger(context),
      candidate: candidateOf(event),
      seen: latest(candidateOf(event)?.revision, context.seen),
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
      // The read may fail.
      untried: context.untried,
      due: context.due,
      waiting: { ...context.waiting, read: false },
    })),
    beginRepair: assign(({ context }) => ({
      ...begin(context),
      trigger: 'repair',
      // What is quarantined stays so: then what serves is repaired.
      candidate: context.untried?.until === 'settled' ? context.untried.candidate : undefined,
      untried: context.untried?.until === 'settled' ? undefined : context.untried,
      repairs: context.repairs + 1,
    })),
    beginRetry: assign(({ context }) => ({
      ...begin(context),
      trigger: 'retry',
      candidate: context.untried?.candidate,
    })),
    beginRestore: assign(({ context, event }) => ({
      ...begin(context),
      trigger: 'restore',
      candidate: candidateOf(event),
    })),
    beginRevert: assign(({ context, event }) => ({
      ...begin(context),
      trigger: 'revert',
      candidate: candidateOf(event) ?? context.waiting.revert,
      waiting: { ...context.waiting, revert: undefined },
    })),
    /** Takes what was read, or what arrived meanwhile where that is newer. */
    takeReading: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const { seen, waiting } = context
      if (verdict?.kind !== 'found') return {}
      const { candidate } = verdict
      const held = waiting.candidate
      // Which of two lineages is the one that goes on is said by one more read.
      const isForked = held !== undefined && held.revision.lineage !== candidate.revision.lineage
      const left = { ...withoutWaiting(context), read: waiting.read || isForked }
      const taken = { waiting: left, untried: undefined, due: undefined }
      if (held !== undefined && !isForked && isNewer(held.revision, candidate.revision)) {
        return { ...taken, candidate: held }
      }
      // The same document may have been told at a later order while it was read.
      return { ...taken, candidate, seen: latest(candidate.revision, seen) }
    }),
    replaceDocument: assign(({ context }) => ({
      candidate: context.waiting.candidate,
      waiting: withoutWaiting(context),
      replacements: context.replacements + 1,
      isConfirmed: false,
      due: undefined,
    })),
    hold: assign(({ context, event }) => ({
      seen: latest(candidateOf(event)?.revision, context.seen),
      waiting: { ...context.waiting, candidate: candidateOf(event) },
    })),
    /** The same document at a later order: no work, but what is older than that order is stale from now on. */
    noteOrder: assign(({ context: { seen }, event }) => {
      const revision = candidateOf(event)?.revision
      const isLater = revision !== undefined && revision.name === seen?.name && revision.order > seen.order
      return isLater ? { seen: revision } : {}
    }),
    holdRead: assign({ waiting: ({ context }) => ({ ...context.waiting, read: true }) }),
    holdRevert: assign({
      waiting: ({ context, event }) => ({ ...context.waiting, revert: candidateOf(event) }),
    }),
    /** What waits is held elsewhere while changes are frozen, and comes again afterwards. */
    dropWaiting: assign({
      frozenMeanwhile: true,
      untried: undefined,
      waiting: ({ context }) => ({ ...context.waiting, candidate: undefined, read: false }),
    }),
    /** The document it may concern is known only when the transaction has ended. */
    holdRetry: assign({ due: 'released' }),
    holdSettled: assign({ due: ({ context }) => context.due ?? 'settled' }),
    holdClose: assign({ waiting: ({ context }) => ({ ...context.waiting, close: true }) }),
    notePlan: assign(({ event }) => {
      const verdict = verdictOf(event)
      return verdict?.kind === 'valid' ? { compensates: verdict.compensates } : {}
    }),
    noteConfirmed: assign({ isConfirmed: true }),
    end: assign((_, { ending }: { readonly ending: Ending }) => ({ ending })),
    noteServed: assign({ hasServed: true, degraded: [], soakFailed: false, repairs: 0 }),
    noteSoakFailed: assign({ soakFailed: true }),
    noteDegraded: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const names = verdict !== undefined && 'degraded' in verdict ? verdict.degraded : []
      return { degraded: [...new Set([...context.degraded, ...names])] }
    }),
    noteUntried: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const until = verdict !== undefined && 'degraded' in verdict ? verdict.untried : undefined
      const { candidate } = context
      // A repair that fails takes nothing from a document that waits for the end of its quarantine.
      if (candidate === undefined || !triesSource(context)) return {}
      const isKept = until !== undefined && !context.frozenMeanwhile
      return { untried: isKept ? { candidate, until } : undefined }
    }),
    noteQuarantined: assign(({ context }) => {
      const { candidate } = context
      return candidate !== undefined && triesSource(context) ? { untried: { candidate, until: 'released' } } : {}
    }),
    noteSuperseded: assign({ supersededBefore: true }),
    noteNotSuperseded: assign({ supersededBefore: false }),
  },
  guards: reloadGuards,
  delays: {
    /** How long a degraded module rests before it is tried again; a hole. */
    repairBackoff: 1_000,
    /** How long after the tick a confirmation may come; a hole. */
    confirmDeadline: 60_000,
  },
})

/** Writes the terminal record of the transaction. */
export const conclude = <O extends Outcome>(outcome: O) => ({ type: 'conclude', params: { outcome } }) as const

/** Notes why the transaction is taken back. */
export const end = <E extends Ending>(ending: E) => ({ type: 'end', params: { ending } }) as const
