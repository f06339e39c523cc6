import type { Clock } from '../../api/clock.ts'

interface RateLimitOptions {
  /** How many may come at once. */
  readonly burst: number
  /** Time after which one more is allowed. */
  readonly refillMs: number
}

/** A token bucket. */
class RateLimit {
  readonly #clock: Clock
  readonly #options: RateLimitOptions
  #available: number
  #refilledAt: number

  constructor(clock: Clock, options: RateLimitOptions) {
    this.#clock = clock
    this.#options = options
    this.#available = options.burst
    this.#refilledAt = clock.monotonic()
  }

  /** Takes one if the rate allows it, and returns whether it did. */
  tryTake(): boolean {
    const { burst, refillMs } = this.#options
    const now = this.#clock.monotonic()
    this.#available = Math.min(burst, this.#available + (now - this.#refilledAt) / refillMs)
    this.#refilledAt = now
    if (this.#available < 1) return false
    this.#available -= 1
    return true
  }
}

/** Creates the rate limits of one inspector. A page needs few requests, so a flood cannot come from one. */
export const createRateLimits = (clock: Clock) => ({
  requests: new RateLimit(clock, { burst: 200, refillMs: 20 }),
  linkTokens: new RateLimit(clock, { burst: 10, refillMs: 1_000 }),
  actions: new RateLimit(clock, { burst: 10, refillMs: 1_000 }),
})
