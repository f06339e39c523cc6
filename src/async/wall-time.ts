/** How far the wall clock may drift from the monotonic clock before a shown time is corrected, in milliseconds. */
const MAX_DRIFT_MS = 1_000

/**
 * Returns the wall-clock time of a moment that is `leftMs` away by the monotonic clock. That is the `expected` time, unless
 * the wall clock was set meanwhile.
 */
export const wallTimeOf = (expected: number, leftMs: number, now: number): number => {
  const actual = Math.round(now + leftMs)
  return Math.abs(actual - expected) > MAX_DRIFT_MS ? actual : expected
}

/** Returns a time that has passed: one that the clock has not reached, or that no clock shows, was noted while it was wrong. */
export const pastTime = (time: number, now: number): number => Math.max(0, Math.min(time, now))
