/** The handle of a timer. Only the clock that made it can clear it. */
export type TimerHandle = unknown

/**
 * The only source of time and timers for Changeover and its appliers. Tests and simulations replace it with a virtual
 * clock; a service does not need to.
 */
export interface Clock {
  /** Returns the wall-clock time in milliseconds since the Unix epoch. Show it, but do not measure with it. */
  readonly now: () => number
  /** Returns the milliseconds since an arbitrary start, which never decrease. Measure with it. */
  readonly monotonic: () => number
  /** Calls the function once after a delay in milliseconds, of at most {@link MAX_DELAY_MS}. */
  readonly setTimeout: (callback: () => void, ms: number) => TimerHandle
  /** Cancels a timer. Does nothing if it has already fired. */
  readonly clearTimeout: (handle: TimerHandle) => void
}

export { MAX_DELAY_MS } from '../model/option-checks.ts'

/**
 * The clock and the timers of the system: the default of every option `clock`.
 *
 * @example
 * ```ts
 * const clock: Clock = { ...systemClock, now: () => Date.now() + offsetMs }
 * ```
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}
