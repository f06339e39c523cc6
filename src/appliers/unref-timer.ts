import type { Clock, TimerHandle } from '../api/clock.ts'

/** Lets the process end while the timer is armed. Handles of another clock may not support that. */
export const unrefTimer = (handle: TimerHandle): void => {
  if (typeof handle !== 'object' || handle === null || !('unref' in handle)) return
  if (typeof handle.unref === 'function') handle.unref()
}

/**
 * Disarms a timer after `unrefTimer`. It is referenced again first: otherwise Node keeps its list for all timers of that
 * delay until they would have been due, and for delays of hours these lists add up.
 */
export const clearUnrefTimer = (clock: Clock, handle: TimerHandle): void => {
  if (typeof handle === 'object' && handle !== null && 'ref' in handle && typeof handle.ref === 'function') handle.ref()
  clock.clearTimeout(handle)
}
