/** What a clock's `setTimeout` returns; only its own `clearTimeout` understands it. */
export type TimerHandle = unknown

/**
 * The only way that Changeover and its appliers tell or await time. Tests and simulations give a virtual one;
 * a service never needs to.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the Unix epoch; for people to read, never for measuring. */
  readonly now: () => number
  /** Milliseconds from an arbitrary start that never go back; for measuring. */
  readonly monotonic: () => number
  readonly setTimeout: (callback: () => void, ms: number) => TimerHandle
  readonly clearTimeout: (handle: TimerHandle) => void
}

export { MAX_DELAY_MS } from '../model/option-checks.ts'

/** The machine's own clock and timers. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout: (callback, ms) => setTimeout(callback, ms),
  clearTimeout: (handle) => clearTimeout(handle as NodeJS.Timeout),
}
