import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../src/testing/fakes/virtual-clock.ts'
import { fileStore } from '../../src/persistence/file-store.ts'
import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import type { Good, Journal } from '../../src/persistence/persisted-state.ts'
import { type Json, mutated } from '../model/random-json.ts'
import { createRandom, type Random } from '../support/random.ts'
import { createDisk } from './disk.ts'
import { goodOf, journalOf } from './scene.ts'

const CASES = 10_000

const writtenGoods: readonly Good[] = [3, 2, 1, 4].map((n) => goodOf(n, `{"n":${n},"s":"${'é'.repeat(n * 7)}"}`))
const writtenJournals: readonly Journal[] = [journalOf(1), journalOf(2)]
const texts = [...writtenGoods.map(goodCodec.encode), ...writtenJournals.map(journalCodec.encode)].map((text) =>
  Buffer.from(text ?? ''),
)
/** Their JSON, with the members in the order in which entries are written. */
const accepted = new Set(texts.map((text) => text.toString().split('\n')[1]))

const bytesOf = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: random.below(most) }, () => random.below(256)))

const textOf = (random: Random): Buffer => texts[random.below(texts.length)] ?? Buffer.alloc(0)

/** One way to damage a file. */
type Damage = (from: Buffer, random: Random) => Buffer

const damages: readonly [Damage, ...Damage[]] = [
  (from, random) => {
    const bytes = Buffer.from(from)
    for (let flips = 1 + random.below(3); flips > 0; flips--) {
      const at = random.below(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    }
    return bytes
  },
  (from, random) => from.subarray(0, random.below(from.length)),
  (from, random) => from.subarray(random.below(from.length)),
  (from, random) => Buffer.concat([from, bytesOf(random, 40)]),
  (from, random) => {
    const at = random.below(from.length)
    return Buffer.concat([from.subarray(0, at), bytesOf(random, 40), from.subarray(at)])
  },
  // The beginning of one entry and the end of another.
  (from, random) => {
    const other = textOf(random)
    return Buffer.concat([from.subarray(0, random.below(from.length)), other.subarray(random.below(other.length))])
  },
  // One entry's header over another's body.
  (from, random) => {
    const other = textOf(random)
    return Buffer.concat([from.subarray(0, from.indexOf('\n')), other.subarray(other.indexOf('\n'))])
  },
  (from, random) => {
    const at = random.below(from.length)
    return Buffer.from(from).fill(0, at, Math.min(from.length, at + random.below(512)))
  },
  (_from, random) => bytesOf(random, 400),
  // Another file's text.
  (_from, random) => textOf(random),
  (from) => from,
]

describe('damaged entries', () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`are never accepted as something that was not written, in ${CASES} cases (seed ${seed})`, async () => {
    const random = createRandom(seed)
    const disk = createDisk()
    const clock = createVirtualClock()
    const seen = { valid: 0, refused: 0 }
    for (let run = 0; run < CASES; run++) {
      const paths = ['/data/good', '/data/good.1', '/data/good.2', '/data/good.journal']
      for (const [index, path] of paths.entries()) {
        const from = texts[index === 3 ? 4 : index] ?? Buffer.alloc(0)
        disk.put(path, random.pick(damages)(from, random))
      }
      let reported = 0
      const persistence = new Persistence(fileStore('/data/good', disk.files), {
        clock,
        deadlineMs: 1_000,
        report: () => (reported += 1),
      })
      const { goods, journal } = await persistence.load()
      persistence.close()
      for (const value of [...goods, ...(journal === undefined ? [] : [journal])]) {
        if (!accepted.has(JSON.stringify(value))) throw new Error(`case ${run}: accepted ${JSON.stringify(value)}`)
        seen.valid += 1
      }
      seen.refused += reported
    }
    // Both must happen often, or the test shows nothing.
    expect(seen.valid).toBeGreaterThan(CASES / 10)
    expect(seen.refused).toBeGreaterThan(CASES)
  })

  it(`are not accepted by the codec alone either, in ${CASES} cases of one entry (seed ${seed})`, () => {
    const random = createRandom(seed + 1)
    for (let run = 0; run < CASES; run++) {
      const damaged = random
        .pick(damages)(random.pick(damages)(textOf(random), random), random)
        .toString()
      for (const decoded of [goodCodec.decode(damaged), journalCodec.decode(damaged)]) {
        if (decoded.kind === 'valid' && !accepted.has(JSON.stringify(decoded.value))) {
          throw new Error(`case ${run}: accepted ${damaged}`)
        }
      }
    }
  })

  it(`are accepted only in their shape if the checksum was forged, in ${CASES} cases (seed ${seed})`, () => {
    const random = createRandom(seed + 2)
    const members = new Set([
      'sequence',
      'savedAt',
      'revision',
      'digest',
      'text',
      'digestKey',
      'attempts',
      'quarantine',
      'frozen',
    ])
    let valid = 0
    for (let run = 0; run < CASES; run++) {
      const [kind, codec, value] = random.pick([
        ['good', goodCodec, goodOf(random.below(5))],
        ['journal', journalCodec, journalOf(random.below(5))],
      ] as const)
      let tampered = value as unknown as Json
      for (let changes = random.below(3); changes >= 0; changes--) tampered = mutated(tampered, random)
      const body = JSON.stringify(tampered)
      const decoded = codec.decode(`changeover/1 ${kind} ${createHash('sha256').update(body).digest('hex')}\n${body}`)
      if (decoded.kind === 'refused') continue
      valid += 1
      if (!Object.keys(decoded.value).every((key) => members.has(key))) throw new Error(`case ${run}: ${body}`)
      if (codec.encode(decoded.value as never) === undefined) throw new Error(`case ${run}: ${body}`)
    }
    expect(valid).toBeGreaterThan(CASES / 100)
    expect(valid).toBeLessThan(CASES / 2)
  })
})
