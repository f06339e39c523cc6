import type { Random } from '../support/random.ts'

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json }

const scalars: readonly Json[] = [
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
const keys: readonly string[] = [
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

/** Makes any JSON value, small enough that two of them are often equal. */
export const randomJson = (random: Random, depth = 0): Json => {
  const { chance, pick, times } = random
  if (depth > 3 || chance(0.3)) return chance(0.02) ? 'x'.repeat(600) : pick(scalars)
  if (chance(0.4)) return times(4, () => randomJson(random, depth + 1))
  return Object.fromEntries(times(5, () => [pick(keys), randomJson(random, depth + 1)]))
}

/** Makes the same value from new objects, with the keys in another order. */
export const shuffled = (value: Json, random: Random): Json => {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return (value as readonly Json[]).map((item) => shuffled(item, random))
  const entries = Object.entries(value)
    .map(([key, member]) => ({ key, member: shuffled(member, random), place: random.next() }))
    .sort((a, b) => a.place - b.place)
  return Object.fromEntries(entries.map(({ key, member }) => [key, member]))
}

/** Makes the value with one part changed, most of the time. */
export const mutated = (value: Json, random: Random): Json => {
  if (typeof value !== 'object' || value === null || random.chance(0.2)) return randomJson(random, 2)
  if (Array.isArray(value)) {
    const items: Json[] = [...value]
    if (items.length === 0 || random.chance(0.3)) return [...items, randomJson(random, 3)]
    const at = random.below(items.length)
    if (random.chance(0.3)) return items.filter((_, index) => index !== at)
    return items.map((item, index) => (index === at ? mutated(item, random) : item))
  }
  const entries = Object.entries(value)
  if (entries.length === 0 || random.chance(0.3)) return { ...value, added: randomJson(random, 3) }
  const at = random.below(entries.length)
  if (random.chance(0.3)) return Object.fromEntries(entries.filter((_, index) => index !== at))
  return Object.fromEntries(
    entries.map(([key, member], index) => [key, index === at ? mutated(member, random) : member]),
  )
}

/** True for a text that `JSON.parse` accepts. */
export const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
