/** A seeded generator (mulberry32), so that a run that failed can be run again. */
export const createRandom = (seed: number) => {
  let state = seed >>> 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const upTo = (limit: number): number => Math.floor(next() * limit)
  return {
    /** From 0 to below 1. */
    next,
    /** A whole number from 0 to below the limit. */
    upTo,
    chance: (probability: number): boolean => next() < probability,
    pick: <T>(from: readonly [T, ...T[]]): T => from[upTo(from.length)] ?? from[0],
    /** Up to `most` results. */
    times: <T>(most: number, make: () => T): T[] => Array.from({ length: upTo(most + 1) }, make),
  }
}

export type Random = ReturnType<typeof createRandom>

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const scalars: readonly [Json, ...Json[]] = [
  null,
  true,
  false,
  0,
  -0,
  1,
  -1,
  1.5,
  1e21,
  5e-324,
  '',
  'a',
  '0',
  '#',
  '\uD800',
  '\u2028',
  'null',
  '{}',
]
const keys: readonly [string, ...string[]] = [
  'a',
  'b',
  'c',
  '0',
  '1',
  '10',
  '',
  'constructor',
  'toString',
  'hasOwnProperty',
  'a.b',
  '*',
  '\uD83D',
  'é',
]

/** Any JSON value, small enough that two of them are often alike. */
export const randomJson = (random: Random, depth = 0): Json => {
  const { chance, pick, times } = random
  if (depth > 3 || chance(0.3)) return chance(0.02) ? 'x'.repeat(600) : pick(scalars)
  if (chance(0.4)) return times(4, () => randomJson(random, depth + 1))
  return Object.fromEntries(times(5, () => [pick(keys), randomJson(random, depth + 1)]))
}

/** The same value with the keys of its objects in another order, made of new objects. */
export const shuffled = (value: Json, random: Random): Json => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => shuffled(item, random))
  const entries = Object.entries(value)
    .map(([key, member]) => ({ key, member: shuffled(member, random), place: random.next() }))
    .sort((a, b) => a.place - b.place)
  return Object.fromEntries(entries.map(({ key, member }) => [key, member]))
}

/** The value with one part of it changed, most of the time. */
export const mutated = (value: Json, random: Random): Json => {
  if (typeof value !== 'object' || value === null || random.chance(0.2)) return randomJson(random, 2)
  if (Array.isArray(value)) {
    const items: Json[] = [...value]
    if (items.length === 0 || random.chance(0.3)) return [...items, randomJson(random, 3)]
    const at = random.upTo(items.length)
    if (random.chance(0.3)) return items.filter((_, index) => index !== at)
    return items.map((item, index) => (index === at ? mutated(item, random) : item))
  }
  const entries = Object.entries(value)
  if (entries.length === 0 || random.chance(0.3)) return { ...value, added: randomJson(random, 3) }
  const at = random.upTo(entries.length)
  if (random.chance(0.3)) return Object.fromEntries(entries.filter((_, index) => index !== at))
  return Object.fromEntries(
    entries.map(([key, member], index) => [key, index === at ? mutated(member, random) : member]),
  )
}
