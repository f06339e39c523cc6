import { assign, fromCallback, setup } from 'xstate'
import { isNewer, type Revision } from '../../src/model/revision.ts'
import type { SourceVerdict, WatchContext, WatchMachineEvent } from './types.ts'

/** Returns the verdict of a read that has ended. */
const verdictOf = (event: object): SourceVerdict | undefined => (event as { readonly output?: SourceVerdict }).output

/** Returns the candidate that an event carries, reported by the stream or found by a read. */
export const candidateOf = (event: WatchMachineEvent) => {
  const verdict = verdictOf(event)
  if (verdict?.kind === 'read') return verdict.candidate
  return event.type === 'watch.reported' ? event.candidate : undefined
}

export const watchSetup = setup({
  types: { context: {} as WatchContext, events: {} as WatchMachineEvent },
  actors: {
    watchSource: fromCallback<WatchMachineEvent, { readonly after: Revision | undefined }>(() => undefined),
  },
  actions: {
    /** Reads the source; a placeholder. */
    readSource: () => {},
    /** Ends a read whose state is left, if it has not answered; a placeholder. */
    stopWork: () => {},
    /** Passes a candidate on; a placeholder. */
    deliver: () => {},
    /** Reports a read that broke although it must not; a placeholder. */
    reportBroken: () => {},
    noteSeen: assign(({ context, event }) => {
      const revision = candidateOf(event)?.revision
      const { seen } = context
      if (revision === undefined) return {}
      const isLater = revision.lineage !== seen?.lineage || revision.order > seen.order
      return isLater ? { seen: revision } : {}
    }),
    noteFailure: assign(({ context, event }) => {
      const verdict = verdictOf(event)
      const reported = event.type === 'watch.broke' ? event.cause : undefined
      const cause = verdict?.kind === 'failed' ? verdict.cause : (reported ?? 'source.failed')
      return { cause, attempts: context.attempts + 1 }
    }),
    noteSilent: assign(({ context }) => ({ cause: 'source.timeout', attempts: context.attempts + 1 })),
    noteCompaction: assign(({ context }) => ({ cause: 'source.compacted', compactions: context.compactions + 1 })),
    noteHealthy: assign({ cause: undefined }),
    /** Only a watch that stays open for a while resets the back-off; one that opens and breaks at once must not. */
    noteSteady: assign({ attempts: 0, compactions: 0 }),
    queueRead: assign({ readAgain: true }),
    beginRead: assign({ readAgain: false }),
  },
  guards: {
    failed: ({ event }) => verdictOf(event)?.kind === 'failed',
    /** A document of another lineage prompts a read; it is never applied directly. */
    isForeign: ({ context, event }) => {
      const revision = candidateOf(event)?.revision
      return revision !== undefined && context.seen !== undefined && revision.lineage !== context.seen.lineage
    },
    isNewer: ({ context, event }) => {
      const revision = candidateOf(event)?.revision
      return revision !== undefined && isNewer(revision, context.seen)
    },
    isFirstCompaction: ({ context, event }) =>
      event.type === 'watch.broke' && event.cause === 'source.compacted' && context.compactions === 0,
    isHealthy: ({ context }) => context.cause === undefined,
    readAgain: ({ context }) => context.readAgain,
  },
  delays: {
    /** How long the source rests after a failure; the host derives it from `attempts`; a placeholder. */
    backoff: 1_000,
    /** How long a watch may take to open; a placeholder. */
    openDeadline: 10_000,
    /** How long a watch must stay open before its failures are forgotten; a placeholder. */
    steadyAfter: 5_000,
    /** How often a read verifies a silent watch; a placeholder. */
    reconcileInterval: 60_000,
  },
})
