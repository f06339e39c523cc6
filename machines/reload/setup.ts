import { assign, setup } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { Outcome, Trigger } from '../../src/model/record.ts'
import { isNewer, type Revision } from '../../src/model/revision.ts'
import { candidateOf, verdictOf } from './events.ts'
import { followsSource, reloadGuards } from './guards.ts'
import type {
  Ending,
  EpochInput,
  ReloadContext,
  ReloadEvent,
  ReloadInput,
  ReloadWork,
  ValidationInput,
} from './types.ts'

/** Asks the host for the work of a state. */
const placeholder = (_: unknown, _params: EpochInput): void => {}

/** What each transaction begins with. It is spread last: V8 in Node 20 makes a hidden class for each field that is added to a spread (bench: reload). */
const begin = ({ epoch }: ReloadContext, trigger: Trigger, candidate: Candidate | undefined) =>
  ({
    epoch: epoch + 1,
    trigger,
    candidate,
    replacements: 0,
    ending: 'failed',
    isConfirmed: false,
    isWithdrawn: false,
    frozenMeanwhile: false,
    untried: undefined,
    due: undefined,
  }) as const

const isExpiry = ({ due }: ReloadContext, { type }: ReloadEvent): boolean =>
  type === 'quarantine.expired' || (type !== 'retry.requested' && due === 'expired')

const changeTrigger = ({ hasServed }: ReloadContext) => (hasServed ? 'change' : 'start')

/** Returns the later of the two revisions; within a lineage, the order never goes back. */
const latest = (revision: Revision | undefined, seen: Revision | undefined): Revision | undefined =>
  seen !== undefined && (revision === undefined || (revision.lineage === seen.lineage && revision.order < seen.order))
    ? seen
    : revision

const withoutWaiting = ({ waiting }: ReloadContext) => ({ ...waiting, candidate: undefined })

export const reloadSetup = setup({
  types: { context: {} as ReloadContext, input: {} as ReloadInput, events: {} as ReloadEvent },
  actions: {
    readDocument: (_, _params: EpochInput & Pick<ReloadContext, 'seen'>) => {},
    validateDocument: (_, _params: ValidationInput) => {},
    journalAttempt: placeholder,
    prepareModules: placeholder,
    commitModules: placeholder,
    completeModules: placeholder,
    soakModules: placeholder,
    /** Answers only when a check fails; otherwise it keeps checking until the transaction is confirmed. */
    checkModules: placeholder,
    promoteSnapshot: placeholder,
    rollBackModules: (_, _params: EpochInput & { readonly ending: Ending }) => {},
    closeModules: placeholder,
    /** Ends the work of the state that is left, if it has not answered; a placeholder. */
    stopWork: () => {},
    /** Writes the terminal record; a placeholder. */
    finishTransaction: (_, _params: { readonly outcome: Outcome }) => {},
    /** Reports work that broke although it must not; a placeholder. */
    reportBroken: () => {},
    /** Reports that the confirmation did not arrive in time; a placeholder. */
    reportUnconfirmed: () => {},
    beginChange: assign(({ context, event }) => ({
      seen: latest(candidateOf(event)?.revision, context.seen),
      ...begin(context, changeTrigger(context), candidateOf(event)),
    })),
    beginWaiting: assign(({ context }) => ({
      waiting: withoutWaiting(context),
      ...begin(context, changeTrigger(context), context.waiting.candidate),
    })),
    beginRead: assign(({ context }) => ({
      waiting: { ...context.waiting, read: false },
      ...begin(context, 'reload', undefined),
      // The read may fail, and then the untried document is still due.
      untried: context.untried,
      due: context.due,
    })),
    beginRepair: assign(({ context }) => {
      const { untried } = context
      // A quarantined document stays untried; the repair then concerns what serves.
      const tried = untried?.until === 'settled' ? untried : undefined
      const begun = begin(context, 'repair', tried?.candidate)
      return { repairs: context.repairs + 1, ...begun, untried: tried === undefined ? untried : undefined }
    }),
    /** What serves is validated again. A document that is left untried stays so, and its retry stays due. */
    beginRotation: assign(({ context }) => ({
      waiting: { ...context.waiting, secret: false },
      ...begin(context, 'secret', undefined),
      untried: context.untried,
      due: context.due,
    })),
    /** A document that is left untried stays so. A trial says nothing of what the source holds. */
    beginTrial: assign(({ context, event }) => ({
      waiting: { ...context.waiting, trial: undefined },
      ...begin(context, 'trial', candidateOf(event) ?? context.waiting.trial),
      untried: context.untried,
      due: context.due,
    })),
    beginRetry: assign(({ context, event }) =>
      begin(context, isExpiry(context, event) ? 'quarantine-expired' : 'retry', context.untried?.candidate),
    ),
    beginRestore: assign(({ context, event }) => ({
      ...begin(context, 'restore', candidateOf(event)),
      // A restore that waited for a secret may come after a document of the source that waits for it too.
      untried: context.untried,
      due: context.due,
    })),
    beginRevert: assign(({ context, event }) => ({
      waiting: { ...context.waiting, revert: undefined },
      ...begin(context, 'revert', candidateOf(event) ?? context.waiting.revert),
    })),
    /** Takes the document that was read, or the queued one if that is newer. */
    takeReadResult: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const { seen, waiting } = context
      if (verdict?.kind !== 'found') return {}
      const { candidate } = verdict
      const queued = waiting.candidate
      // One more read decides which of two lineages continues.
      const isForked = queued !== undefined && queued.revision.lineage !== candidate.revision.lineage
      const left = { ...withoutWaiting(context), read: waiting.read || isForked }
      const taken = { waiting: left, untried: undefined, due: undefined }
      if (queued !== undefined && !isForked && isNewer(queued.revision, candidate.revision)) {
        return { ...taken, candidate: queued }
      }
      // The watch may have reported the same document at a later order during the read.
      return { ...taken, candidate, seen: latest(candidate.revision, seen) }
    }),
    replaceDocument: assign(({ context }) => ({
      candidate: context.waiting.candidate,
      waiting: withoutWaiting(context),
      replacements: context.replacements + 1,
      isConfirmed: false,
      due: undefined,
    })),
    queueDocument: assign(({ context, event }) => ({
      seen: latest(candidateOf(event)?.revision, context.seen),
      waiting: { ...context.waiting, candidate: candidateOf(event) },
    })),
    /** The same document at a later order needs no work, but makes every older document stale. */
    noteOrder: assign(({ context: { seen }, event }) => {
      const revision = candidateOf(event)?.revision
      const isLater = revision !== undefined && revision.name === seen?.name && revision.order > seen.order
      return isLater ? { seen: revision } : {}
    }),
    queueTrial: assign({ waiting: ({ context, event }) => ({ ...context.waiting, trial: candidateOf(event) }) }),
    dropTrial: assign({
      waiting: ({ context }) => ({ ...context.waiting, trial: undefined }),
      isWithdrawn: ({ context }) => context.trigger === 'trial' && !context.isConfirmed,
    }),
    queueRead: assign({ waiting: ({ context }) => ({ ...context.waiting, read: true }) }),
    queueSecret: assign({ waiting: ({ context }) => ({ ...context.waiting, secret: true }) }),
    queueRevert: assign({ waiting: ({ context, event }) => ({ ...context.waiting, revert: candidateOf(event) }) }),
    /** The admission machine keeps these while changes are frozen, and delivers them again afterwards. */
    dropQueued: assign({
      frozenMeanwhile: true,
      untried: undefined,
      waiting: ({ context }) => ({
        ...context.waiting,
        candidate: undefined,
        trial: undefined,
        read: false,
        secret: false,
      }),
    }),
    /** Whether a document is untried is known only when the transaction has ended. */
    queueRetry: assign({ due: 'released' }),
    /** A retry that a caller has asked for is answered as one. */
    queueExpiry: assign({ due: ({ context }) => (context.due === 'released' ? 'released' : 'expired') }),
    queueSettled: assign({ due: ({ context }) => context.due ?? 'settled' }),
    queueClose: assign({ waiting: ({ context }) => ({ ...context.waiting, close: true }) }),
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
      // A failed repair of what serves leaves a quarantined document untried.
      if (candidate === undefined || !followsSource(context)) return {}
      const isKept = until !== undefined && !context.frozenMeanwhile
      return { untried: isKept ? { candidate, until } : undefined }
    }),
    noteQuarantined: assign(({ context }) => {
      const { candidate } = context
      const isOfSource = candidate !== undefined && followsSource(context)
      return isOfSource ? { untried: { candidate, until: 'released' } } : {}
    }),
    noteSuperseded: assign({ supersededEpoch: ({ context }) => context.epoch }),
  },
  guards: reloadGuards,
  delays: {
    /** How long a degraded module rests before it is tried again; a placeholder. */
    repairBackoff: 1_000,
    /** How long after the commit a confirmation may arrive; a placeholder. */
    confirmDeadline: 60_000,
  },
})

/** Writes the terminal record of the transaction. */
export const finishTransaction = <O extends Outcome>(outcome: O) =>
  ({ type: 'finishTransaction', params: { outcome } }) as const

/** Asks for the work of a state. */
export const work = <Name extends Exclude<keyof ReloadWork, 'readDocument' | 'validateDocument' | 'rollBackModules'>>(
  name: Name,
) => ({
  type: name,
  params: ({ context }: { readonly context: ReloadContext }): EpochInput => ({ epoch: context.epoch }),
})

/** Notes why the transaction is rolled back. */
export const end = <E extends Ending>(ending: E) => ({ type: 'end', params: { ending } }) as const
