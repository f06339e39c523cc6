import { fromCallback } from 'xstate'
import { createWatchMachine } from '../../machines/watch/machine.ts'
import { candidateOf } from '../../machines/watch/setup.ts'
import type { WatchMachineEvent } from '../../machines/watch/types.ts'
import { MAX_DELAY_MS } from '../api/clock.ts'
import { backoffMs } from '../async/backoff.ts'
import { lazy } from '../async/lazy.ts'
import type { Candidate } from '../model/candidate.ts'
import { failure } from '../model/failure.ts'
import type { Revision } from '../model/revision.ts'
import type { Settings } from '../settings/settings.ts'
import type { Report } from '../xstate/inspection.ts'
import { SystemDeps } from '../xstate/system-deps.ts'

/** What watching needs of the settings. */
export type WatchSettings = Pick<
  Settings,
  'source' | 'logger' | 'clock' | 'random' | 'sourceBackoff' | 'reconcileMs' | 'inspect'
> & { readonly deadlines: Pick<Settings['deadlines'], 'readMs'> }

/** Takes a candidate, and whether the stream reported it or a read found it. */
export type OnCandidate = (candidate: Candidate, from: 'stream' | 'read') => void

/** What the watch machine calls. */
interface WatchDeps {
  readonly settings: WatchSettings
  readonly startRead: () => void
  readonly stopRead: () => void
  readonly watch: (after: Revision | undefined, send: (event: WatchMachineEvent) => void) => () => void
  readonly onCandidate: OnCandidate
  readonly report: Report
}

export const watchDeps = new SystemDeps<WatchDeps>()

/** Filled for the first reloader: XState takes milliseconds to make it (bench: import). */
export const watchMachine = lazy(() =>
  createWatchMachine().provide({
    actors: {
      watchSource: fromCallback<WatchMachineEvent, { readonly after: Revision | undefined }>(
        ({ sendBack, input, system }) => watchDeps.of(system).watch(input.after, sendBack),
      ),
    },
    actions: {
      readSource: ({ system }) => watchDeps.of(system).startRead(),
      stopWork: ({ system }) => watchDeps.of(system).stopRead(),
      deliver: ({ event, system }) => {
        const candidate = candidateOf(event)
        if (candidate === undefined) return
        watchDeps.of(system).onCandidate(candidate, event.type === 'watch.reported' ? 'stream' : 'read')
      },
      reportBroken: ({ system }) => watchDeps.of(system).report(failure('internal.error', { phase: 'fetching' })),
    },
    delays: {
      backoff: ({ context, system }) => {
        const { sourceBackoff, random } = watchDeps.of(system).settings
        return backoffMs(sourceBackoff, context.attempts, random)
      },
      openDeadline: ({ system }) => watchDeps.of(system).settings.deadlines.readMs,
      steadyAfter: ({ system }) => watchDeps.of(system).settings.sourceBackoff.maxMs,
      reconcileInterval: ({ system }) => {
        const { reconcileMs, random } = watchDeps.of(system).settings
        return Math.min(MAX_DELAY_MS, reconcileMs * (0.9 + random() * 0.2))
      },
    },
  }),
)
