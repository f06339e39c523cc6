import type { Clock } from '../../api/clock.ts'

/** A token bucket. */
export interface RateLimit {
  /** Takes one token if there is one, and returns whether it did. */
  readonly take: () => boolean
  readonly isEmpty: () => boolean
}

const createRateLimit = (
  clock: Clock,
  { burst, refillMs }: { readonly burst: number; readonly refillMs: number },
): RateLimit => {
  let available = burst
  let refilledAt = clock.monotonic()
  const isEmpty = (): boolean => {
    const now = clock.monotonic()
    available = Math.min(burst, available + (now - refilledAt) / refillMs)
    refilledAt = now
    return available < 1
  }
  return {
    isEmpty,
    take: () => {
      if (isEmpty()) return false
      available -= 1
      return true
    },
  }
}

/** What one session may do: nobody else can use it up. A page needs few requests, so a flood cannot come from one. */
export interface SessionLimits {
  readonly requests: RateLimit
  readonly actions: RateLimit
  readonly previews: RateLimit
}

export const createSessionLimits = (clock: Clock): SessionLimits => ({
  requests: createRateLimit(clock, { burst: 200, refillMs: 20 }),
  actions: createRateLimit(clock, { burst: 10, refillMs: 1_000 }),
  previews: createRateLimit(clock, { burst: 20, refillMs: 1_000 }),
})

/** What one address may do without a session. */
export interface AddressLimits {
  readonly requests: RateLimit
  readonly wrongTokens: RateLimit
}

export const createAddressLimits = (clock: Clock): AddressLimits => ({
  requests: createRateLimit(clock, { burst: 200, refillMs: 20 }),
  wrongTokens: createRateLimit(clock, { burst: 10, refillMs: 1_000 }),
})
