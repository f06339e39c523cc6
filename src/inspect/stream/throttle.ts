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

/** Runs a callback soon after a request, but at most once per interval. */
export class Throttle {
  readonly #clock: Clock
  readonly #intervalMs: number
  readonly #run: () => void
  #timer: TimerHandle
  #isPending = false
  #lastRunAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, intervalMs: number, run: () => void) {
    this.#clock = clock
    this.#intervalMs = intervalMs
    this.#run = run
  }

  request(): void {
    if (this.#isPending) return
    this.#isPending = true
    const waitMs = Math.max(0, this.#lastRunAt + this.#intervalMs - this.#clock.monotonic())
    this.#timer = setBackgroundTimer(this.#clock, () => this.flush(), waitMs)
  }

  /** Runs a pending request now. */
  flush(): void {
    if (!this.#isPending) return
    this.cancel()
    this.#lastRunAt = this.#clock.monotonic()
    this.#run()
  }

  cancel(): void {
    this.#isPending = false
    this.#clock.clearTimeout(this.#timer)
  }
}
