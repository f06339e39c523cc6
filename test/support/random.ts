import { seededRandom } from '../../src/testing/fakes/seeded-random.ts'

/** Makes a random generator that repeats itself: equal seeds give equal runs. */
export const createRandom = (seed: number) => {
  const next = seededRandom(seed)
  const below = (limit: number): number => Math.floor(next() * limit)
  return {
    /** Returns a number from 0 to below 1. */
    next,
    /** Returns an integer from 0 to below the limit. */
    below,
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(items: readonly T[]): T => {
      if (items.length === 0) throw new Error('There is nothing to pick from')
      return items[below(items.length)] as T
    },
    /** Makes up to `most` values. */
    times: <T>(most: number, make: () => T): T[] => Array.from({ length: below(most + 1) }, make),
  }
}

export type Random = ReturnType<typeof createRandom>
