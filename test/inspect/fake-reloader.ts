import type { ReloaderStatus } from 'changeover'
import { type ReloaderEvent, registerObservation } from '../../src/api/internal/observation.ts'
import { EventBus } from '../../src/transaction/event-bus.ts'

/** Creates a reloader with only what an inspector sees of it. The test emits the events and sets the status. */
export const createFakeReloader = (methods: Readonly<Record<string, (...inputs: never[]) => unknown>> = {}) => {
  const events = new EventBus(() => 0)
  let status = { state: 'idle', since: 0, inSync: true } as ReloaderStatus
  const reloader = { ...methods, status: () => status }
  registerObservation(reloader, events.observation(reloader.status))
  return {
    reloader,
    emit: (...all: readonly ReloaderEvent[]): void => {
      for (const event of all) events.announce(event)
    },
    isObserved: (): boolean => events.isHeard,
    setStatus: (next: Partial<ReloaderStatus>): void => {
      status = { ...status, ...next }
    },
  }
}
