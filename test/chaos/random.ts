import { createRandom } from '../support/random.ts'

/** Numbers that a seed repeats. */
export interface Random {
  /** From 0 to below 1. */
  readonly next: () => number
  readonly between: (least: number, most: number) => number
  readonly pick: <Value>(from: readonly Value[]) => Value
  /** By weight. */
  readonly weigh: <Value extends { readonly weight: number }>(from: readonly Value[]) => Value
}

export const seeded = (seed: number): Random => {
  const { next } = createRandom(seed)
  const pick = <Value>(from: readonly Value[]): Value => {
    const picked = from[Math.floor(next() * from.length)]
    if (picked === undefined) throw new Error('nothing to pick from')
    return picked
  }
  return {
    next,
    between: (least, most) => least + next() * (most - least),
    pick,
    weigh: (from) => pick(from.flatMap((value) => Array.from({ length: value.weight }, () => value))),
  }
}
