import type { Clock, TimerHandle } from '../api/clock.ts'

interface CappedTimer {
  readonly callback: () => void
  /** When it fires, by the monotonic clock. */
  due: number
  handle: TimerHandle
}

/** A clock whose timers can be brought forward all together, those that are armed already too. */
export class CappedClock implements Clock {
  readonly now: () => number
  readonly monotonic: () => number
  readonly #clock: Clock
  readonly #timers = new Set<CappedTimer>()
  #until = Number.POSITIVE_INFINITY
  #leastMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
    this.now = clock.now
    this.monotonic = clock.monotonic
  }

  readonly setTimeout: Clock['setTimeout'] = (callback, ms) => {
    const timer: CappedTimer = { callback, due: 0, handle: undefined }
    this.#timers.add(timer)
    this.#arm(timer, this.#until === Number.POSITIVE_INFINITY ? ms : this.#capped(ms))
    return timer
  }

  readonly clearTimeout: Clock['clearTimeout'] = (handle) => {
    if (handle === undefined) return
    const timer = handle as CappedTimer
    if (this.#timers.delete(timer)) this.#clock.clearTimeout(timer.handle)
  }

  /**
   * From now on no timer fires later than in `ms`; one that is armed after that time has at most `leastMs`, so that what
   * it waits for is called at all. Of several caps the earliest holds.
   */
  cap(ms: number, leastMs: number): void {
    const now = this.monotonic()
    this.#until = Math.min(this.#until, now + ms)
    this.#leastMs = leastMs
    for (const timer of this.#timers) {
      const leftMs = timer.due - now
      const cappedMs = this.#capped(leftMs)
      if (cappedMs >= leftMs) continue
      this.#clock.clearTimeout(timer.handle)
      this.#arm(timer, cappedMs)
    }
  }

  #capped(ms: number): number {
    return Math.min(ms, Math.max(this.#until - this.monotonic(), this.#leastMs))
  }

  #arm(timer: CappedTimer, ms: number): void {
    timer.due = this.monotonic() + ms
    timer.handle = this.#clock.setTimeout(() => {
      this.#timers.delete(timer)
      timer.callback()
    }, ms)
  }
}
