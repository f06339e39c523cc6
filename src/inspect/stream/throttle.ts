import type { Clock, TimerHandle } from '../../api/clock.ts'

/** A timer that keeps no process alive and ends none: an onlooker must not. */
export const armQuietly = (clock: Clock, callback: () => void, ms: number): TimerHandle => {
  const handle = clock.setTimeout(() => {
    try {
      callback()
    } catch {
      // What cannot be told is not told.
    }
  }, ms)
  ;(handle as { readonly unref?: () => void } | undefined)?.unref?.()
  return handle
}

/** Runs something soon after it was asked for, but not more often than every `gapMs`. */
export class Throttle {
  readonly #clock: Clock
  readonly #gapMs: number
  readonly #run: () => void
  #timer: TimerHandle
  #isArmed = false
  #lastAt = Number.NEGATIVE_INFINITY

  constructor(clock: Clock, gapMs: number, run: () => void) {
    this.#clock = clock
    this.#gapMs = gapMs
    this.#run = run
  }

  ask(): void {
    if (this.#isArmed) return
    this.#isArmed = true
    const waitMs = Math.max(0, this.#lastAt + this.#gapMs - this.#clock.monotonic())
    this.#timer = armQuietly(this.#clock, () => this.flush(), waitMs)
  }

  /** Runs now what was asked for. */
  flush(): void {
    if (!this.#isArmed) return
    this.cancel()
    this.#lastAt = this.#clock.monotonic()
    this.#run()
  }

  cancel(): void {
    this.#isArmed = false
    this.#clock.clearTimeout(this.#timer)
  }
}
