import type { Clock } from '../api/clock.ts'
import { guardCallback, type ReportError } from './guarded-callback.ts'

/** Makes the clock that user code gets: what its timers throw, or reject with, is reported. */
export const guardClock = (clock: Clock, report: ReportError): Clock => ({
  now: () => clock.now(),
  monotonic: () => clock.monotonic(),
  // Anything but a function is refused here and now, by the clock.
  setTimeout: (callback, ms) =>
    clock.setTimeout(typeof callback === 'function' ? guardCallback(callback, report) : callback, ms),
  clearTimeout: (handle) => clock.clearTimeout(handle),
})
