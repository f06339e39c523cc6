import type { Clock, TimerHandle } from '../../api/clock.ts'

/** Sets a timer that neither keeps the process alive nor ends it by throwing. */
export const setBackgroundTimer = (clock: Clock, callback: () => void, ms: number): TimerHandle => {
  const handle = clock.setTimeout(() => {
    try {
      callback()
    } catch {
      // The page misses an update; the service must not notice.
    }
  }, ms)
  ;(handle as { readonly unref?: () => void } | undefined)?.unref?.()
  return handle
}

export type Throttle = ReturnType<typeof createThrottle>

/** Creates a throttle, which runs a callback soon after a request, but at most once per interval. */
export const createThrottle = (clock: Clock, intervalMs: number, run: () => void) => {
  let timer: TimerHandle
  let isPending = false
  let lastRunAt = Number.NEGATIVE_INFINITY
  const cancel = (): void => {
    isPending = false
    clock.clearTimeout(timer)
  }
  /** Runs a pending request now. */
  const flush = (): void => {
    if (!isPending) return
    cancel()
    lastRunAt = clock.monotonic()
    run()
  }
  const request = (): void => {
    if (isPending) return
    isPending = true
    timer = setBackgroundTimer(clock, flush, Math.max(0, lastRunAt + intervalMs - clock.monotonic()))
  }
  return { request, flush, cancel }
}
