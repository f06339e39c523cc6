import type { Clock } from '../../api/clock.ts'

/** A rate limit: `burst` at once, then one more every `refillMs`. */
export class Bucket {
  readonly #clock: Clock
  readonly #burst: number
  readonly #refillMs: number
  #tokens: number
  #at: number

  constructor(clock: Clock, burst: number, refillMs: number) {
    this.#clock = clock
    this.#burst = burst
    this.#refillMs = refillMs
    this.#tokens = burst
    this.#at = clock.monotonic()
  }

  /** False where there have been too many. */
  take(): boolean {
    const now = this.#clock.monotonic()
    this.#tokens = Math.min(this.#burst, this.#tokens + (now - this.#at) / this.#refillMs)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens -= 1
    return true
  }
}
