import { createRandom } from '../support/random.ts'

/** Makes a random generator that also picks by weight; equal seeds give equal runs. */
export const createChaosRandom = (seed: number) => {
  const random = createRandom(seed)
  return {
    ...random,
    between: (least: number, most: number): number => least + random.next() * (most - least),
    weigh: <Value extends { readonly weight: number }>(from: readonly Value[]): Value =>
      random.pick(from.flatMap((value) => Array.from({ length: value.weight }, () => value))),
  }
}

export type ChaosRandom = ReturnType<typeof createChaosRandom>
