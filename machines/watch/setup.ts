import { assign, fromCallback, fromPromise, setup } from 'xstate'
import { isNewer, type Revision } from '../../src/model/revision.ts'
import type { SourceVerdict, WatchContext, WatchMachineEvent } from './types.ts'

/** The machine's own events carry no verdict; done events do. */
const verdictOf = (event: object): SourceVerdict | undefined => (event as { readonly output?: SourceVerdict }).output

/** The candidate that an event carries, whichever way it came: told by the stream or read. */
export const candidateOf = (event: WatchMachineEvent) => {
  const verdict = verdictOf(event)
  if (verdict?.kind === 'read') return verdict.candidate
  return event.type === 'watch.reported' ? event.candidate : undefined
}

export const watchSetup = setup({
  types: { context: {} as WatchContext, events: {} as WatchMachineEvent },
  actors: {
    readSource: fromPromise<SourceVerdict>(() =>
      Promise.reject(new Error('A hole: give this actor with machine.provide')),
    ),
    watchSource: fromCallback<WatchMachineEvent, { readonly after: Revision | undefined }>(() => undefined),
  },
  actions: {
    /** Hands a candidate on; a hole. */
    deliver: () => {},
    /** Reports an actor that broke its promise never to reject; a hole. */
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
      const told = event.type === 'watch.broke' ? event.cause : undefined
      const cause = verdict?.kind === 'failed' ? verdict.cause : (told ?? 'source.failed')
      return { cause, attempts: context.attempts + 1 }
    }),
    noteSilent: assign(({ context }) => ({ cause: 'source.timeout', attempts: context.attempts + 1 })),
    noteCompaction: assign(({ context }) => ({ cause: 'source.compacted', compactions: context.compactions + 1 })),
    noteHealthy: assign({ cause: undefined }),
    /** Only a watch that has held for a while ends the back-off: one that opens and breaks at once must not. */
    noteSteady: assign({ attempts: 0, compactions: 0 }),
    holdRead: assign({ readAgain: true }),
    beginRead: assign({ readAgain: false }),
  },
  guards: {
    failed: ({ event }) => verdictOf(event)?.kind === 'failed',
    /** A document of another lineage is a reason to read, never one to apply. */
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
    /** How long the source rests after a failure, by `attempts`; a hole. */
    backoff: 1_000,
    /** How long a watch may take to open; a hole. */
    openDeadline: 10_000,
    /** How long a watch must hold before its failures are forgotten; a hole. */
    steadyAfter: 5_000,
    /** How often a silent watch is verified by a read; a hole. */
    reconcileInterval: 60_000,
  },
})
