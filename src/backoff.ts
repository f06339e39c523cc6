import type { BackoffOptions } from './options.ts'

/**
 * The delay before attempt number `attempt` (from 1): doubles up to the cap, of which one half is random, so that
 * many services do not come back to a source at one moment.
 */
export const backoffMs = (
  { minMs, maxMs }: Required<BackoffOptions>,
  attempt: number,
  random: () => number,
): number => {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(Math.max(attempt - 1, 0), 30))
  return full / 2 + random() * (full / 2)
}
