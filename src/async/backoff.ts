import { ignoreRejection } from './thenable.ts'
import type { BackoffOptions } from '../api/options.ts'

/**
 * The delay before attempt number `attempt` (from 1), in milliseconds. It doubles up to the cap, and half of it is random,
 * so that many services do not come back to a source at the same moment.
 */
export const backoffMs = (
  { minMs, maxMs }: Required<BackoffOptions>,
  attempt: number,
  random: () => number,
): number => {
  const full = Math.min(maxMs, minMs * 2 ** Math.min(Math.max(attempt - 1, 0), 30))
  return full / 2 + random() * (full / 2)
}

/** Guards the user's generator: one that throws or leaves its range must neither stop the watch nor make a busy loop. */
export const safeRandom =
  (random: () => unknown = Math.random) =>
  (): number => {
    try {
      const value = random()
      if (typeof value === 'number' && value >= 0 && value < 1) return value
      ignoreRejection(value)
    } catch {
      // Handled like an answer out of range.
    }
    return Math.random()
  }
