import type { InspectionEvent } from 'xstate'
import { reportRejection } from '../async/thenable.ts'
import type { Clock } from '../api/clock.ts'
import type { MachineInspector } from '../api/machine-inspector.ts'
import type { HostCalls } from './host-calls.ts'
import { viewOf } from './redacted-view.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { MachineName } from '../api/internal/machine-state.ts'

/** True for a function, or for an object with a `next`. */
export const isMachineInspector = (value: unknown): value is MachineInspector =>
  typeof value === 'function' ||
  (typeof value === 'object' && value !== null && typeof (value as { next?: unknown }).next === 'function')

/** Logs and counts a failure that belongs to no transaction. */
export type Report = (failure: Failure) => void

/** Reports a failing inspector once for each machine, since it is called some fifty times a reload. */
const guarded = (name: string, inspector: MachineInspector, report: Report) => {
  let isReported = false
  const note = (error: unknown): void => {
    if (isReported) return
    isReported = true
    report(failure('listener.failed', { detail: `the option inspect, machine ${name}` }, error))
  }
  // XState calls it in the middle of a transition, where a throw would end the machine.
  return (event: InspectionEvent): void => {
    try {
      const view = viewOf(event)
      if (view === undefined) return
      reportRejection(typeof inspector === 'function' ? inspector(view) : inspector.next?.(view), note)
    } catch (error) {
      note(error)
    }
  }
}

/** What an actor needs of the settings. */
export interface ActorSettings {
  readonly clock: Clock
  readonly inspect: MachineInspector | undefined
}

/** Makes the options of a machine's actor: its name, its clock, and the inspector if there is one. */
export const actorOptions = (
  name: MachineName,
  { clock, inspect }: ActorSettings,
  report: Report,
  calls: HostCalls,
) => ({
  id: name,
  clock: calls.timersOf(clock),
  ...(inspect === undefined ? {} : { inspect: guarded(name, inspect, report) }),
})
