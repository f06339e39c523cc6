/** Numbers that a seed repeats. */
export interface Random {
  /** From 0 to below 1. */
  readonly next: () => number
  readonly between: (least: number, most: number) => number
  readonly pick: <Value>(from: readonly Value[]) => Value
  /** By weight. */
  readonly weigh: <Value extends { readonly weight: number }>(from: readonly Value[]) => Value
}

/** A generator of the xorshift kind, on 32 bits. */
export const seeded = (seed: number): Random => {
  let state = (Math.imul(seed | 0, 2_654_435_761) ^ 0x9e3779b9) | 0 || 1
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) / 2 ** 32
  }
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
