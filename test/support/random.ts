import { seededRandom } from '../../src/testing/fakes/seeded-random.ts'

/** Makes a random generator that repeats itself: equal seeds give equal runs. */
export const createRandom = (seed: number) => {
  const next = seededRandom(seed)
  return {
    next,
    below: (limit: number): number => Math.floor(next() * limit),
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(items: readonly [T, ...T[]]): T => items[Math.floor(next() * items.length)] ?? items[0],
  }
}

export type Random = ReturnType<typeof createRandom>
