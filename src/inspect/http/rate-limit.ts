import type { Clock } from '../../api/clock.ts'

/** Creates a token bucket. The function takes one token if there is one, and returns whether it did. */
const createRateLimit = (clock: Clock, { burst, refillMs }: { readonly burst: number; readonly refillMs: number }) => {
  let available = burst
  let refilledAt = clock.monotonic()
  return (): boolean => {
    const now = clock.monotonic()
    available = Math.min(burst, available + (now - refilledAt) / refillMs)
    refilledAt = now
    const isAllowed = available >= 1
    if (isAllowed) available -= 1
    return isAllowed
  }
}

/** Creates the rate limits of one inspector. A page needs few requests, so a flood cannot come from one. */
export const createRateLimits = (clock: Clock) => ({
  takeRequest: createRateLimit(clock, { burst: 200, refillMs: 20 }),
  takeLinkToken: createRateLimit(clock, { burst: 10, refillMs: 1_000 }),
  takeAction: createRateLimit(clock, { burst: 10, refillMs: 1_000 }),
})
