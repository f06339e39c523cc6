import { createHash } from 'node:crypto'
import { type Json, mutated } from '../../model/random-json.ts'
import type { Random } from '../../support/random.ts'

/** Changes the bytes of an entry, and reads them as a file is read. */
export type Spoil = (from: Buffer, other: Buffer, random: Random) => Buffer

const noise = (random: Random): Buffer => Buffer.from(Array.from({ length: random.below(40) }, () => random.below(256)))

const bodyOf = (entry: Buffer): Buffer => entry.subarray(entry.indexOf('\n') + 1)

const sealed = (kind: string, body: Buffer | string): Buffer =>
  Buffer.concat([
    Buffer.from(`changeover/1 ${kind} ${createHash('sha256').update(body).digest('hex')}\n`),
    Buffer.from(body),
  ])

const kindOf = (entry: Buffer): string => (entry.toString('latin1', 0, 20).includes('journal') ? 'journal' : 'good')

/** What happens by accident. */
export const accidents: readonly Spoil[] = [
  (from, _other, random) => {
    const bytes = Buffer.from(from)
    for (let flips = 1 + random.below(3); flips > 0; flips--) {
      const at = random.below(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    }
    return bytes
  },
  (from, _other, random) => from.subarray(0, random.below(from.length)),
  (from, _other, random) => from.subarray(random.below(from.length)),
  (from, _other, random) => {
    const at = random.below(from.length)
    return Buffer.concat([from.subarray(0, at), noise(random), from.subarray(at)])
  },
  (from, _other, random) => {
    const at = random.below(from.length)
    return Buffer.from(from).fill(0, at, Math.min(from.length, at + random.below(512)))
  },
  // The beginning of one entry and the end of another.
  (from, other, random) =>
    Buffer.concat([from.subarray(0, random.below(from.length)), other.subarray(random.below(other.length))]),
  // One entry's header over another's body.
  (from, other) => Buffer.concat([from.subarray(0, from.indexOf('\n') + 1), bodyOf(other)]),
  // Another entry's text.
  (_from, other) => other,
  (_from, _other, random) => noise(random),
]

const hostileTexts: readonly string[] = [
  '',
  ...['{', 'null', '[]', '{}', '{"value":"7"}', '{"value":7,"unknown":1}', '{"value":1e999}', '{"value":7.5}'],
  ...[
    '{"value":7,"value":8}',
    '{"__proto__":{"value":7}}',
    '{"value":7,"__proto__":1}',
    '{"value":7,"constructor":{}}',
  ],
  ...['{"value":7,"pad":7}', '\uFEFF{"value":7}', '{"value":7}\0', `{"value":${'['.repeat(300)}`, '{"value":7,"pad":"'],
  ...['{"value":7,"fails":"commit"}', '{"value":7,"fails":"check"}', '{"value":7,"fails":"apply"}', '{"value":7}'],
]

const hostileNumbers: readonly number[] = [
  ...([0, -0, 1, -1, 3, 4, 2 ** 31, 2 ** 53 - 1, 2 ** 53 - 2, 2 ** 53, -(2 ** 53), 1e21] as const),
  ...([8.64e15, 8.64e15 + 1, 1e300, -1e300, Number.MAX_VALUE, Number.MIN_VALUE, 0.5] as const),
]

const hostileTimes: readonly number[] = [8.64e15, 8.64e15 + 1, 1e300, Number.MAX_VALUE, -1e300]

const hostileWords: readonly string[] = ['', '#1', '__proto__', 'x'.repeat(8192), '\uD83D', '\0', 'good', '0']

/** Makes a value of the same shape with one hostile leaf. */
const twisted = (value: unknown, random: Random, key = ''): unknown => {
  if (typeof value === 'number') return random.pick(key === 'until' ? hostileTimes : hostileNumbers)
  if (typeof value === 'boolean') return !value
  if (typeof value === 'string') return random.pick(key === 'text' ? hostileTexts : hostileWords)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) {
    if (value.length === 0) return value
    const at = random.below(value.length)
    if (random.chance(0.2)) return Array.from({ length: 1 + random.below(40) }, () => value[at])
    return value.map((item, index) => (index === at ? twisted(item, random) : item))
  }
  const isQuarantined = 'since' in value && 'code' in value
  const entries = Object.entries(isQuarantined ? { until: 0, ...value } : value)
  const at = isQuarantined && random.chance(0.5) ? 0 : random.below(entries.length)
  return Object.fromEntries(entries.map(([name, item], n) => [name, n === at ? twisted(item, random, name) : item]))
}

/** Changes the content of an entry, and corrects its checksum. */
const resealed =
  (change: (value: Json, random: Random) => unknown): Spoil =>
  (from, _other, random) => {
    let value: unknown = JSON.parse(bodyOf(from).toString())
    for (let changes = 1 + random.below(4); changes > 0; changes--) value = change(value as Json, random)
    return sealed(kindOf(from), `${JSON.stringify(value)}\n`)
  }

/** What an attacker with write access does: the checksum is correct. */
export const attacks: readonly Spoil[] = [
  resealed(twisted),
  resealed(twisted),
  resealed(mutated),
  // One kind under the header of the other.
  (from, other) => sealed(kindOf(other), bodyOf(from)),
  // Bytes that are not JSON, under a correct checksum.
  (from, other, random) => sealed(kindOf(from), random.pick(accidents)(bodyOf(from), bodyOf(other), random)),
]
