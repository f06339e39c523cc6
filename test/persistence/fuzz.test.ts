import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { createVirtualClock } from '../../src/testing/fakes/virtual-clock.ts'
import { fileStore } from '../../src/persistence/file-store.ts'
import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import type { Good, Journal } from '../../src/persistence/journal.ts'
import { createRandom, type Json, mutated, type Random } from '../model/random-json.ts'
import { createDisk } from './disk.ts'
import { goodOf, journalOf } from './scene.ts'

const CASES = 10_000

const writtenGoods: readonly Good[] = [3, 2, 1, 4].map((n) => goodOf(n, `{"n":${n},"s":"${'é'.repeat(n * 7)}"}`))
const writtenJournals: readonly Journal[] = [journalOf(1), journalOf(2)]
const texts = [...writtenGoods.map(goodCodec.encode), ...writtenJournals.map(journalCodec.encode)].map((text) =>
  Buffer.from(text ?? ''),
)
/** As JSON, in the order of members in which entries are written. */
const accepted = new Set(texts.map((text) => text.toString().split('\n')[1]))

const bytesOf = (random: Random, most: number): Buffer =>
  Buffer.from(Array.from({ length: random.upTo(most) }, () => random.upTo(256)))

const textOf = (random: Random): Buffer => texts[random.upTo(texts.length)] ?? Buffer.alloc(0)

/** One way in which a file may be spoilt. */
type Spoil = (from: Buffer, random: Random) => Buffer

const spoils: readonly [Spoil, ...Spoil[]] = [
  (from, random) => {
    const bytes = Buffer.from(from)
    for (let flips = 1 + random.upTo(3); flips > 0; flips--) {
      const at = random.upTo(bytes.length)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.upTo(8))
    }
    return bytes
  },
  (from, random) => from.subarray(0, random.upTo(from.length)),
  (from, random) => from.subarray(random.upTo(from.length)),
  (from, random) => Buffer.concat([from, bytesOf(random, 40)]),
  (from, random) => {
    const at = random.upTo(from.length)
    return Buffer.concat([from.subarray(0, at), bytesOf(random, 40), from.subarray(at)])
  },
  // The beginning of one entry and the end of another.
  (from, random) => {
    const other = textOf(random)
    return Buffer.concat([from.subarray(0, random.upTo(from.length)), other.subarray(random.upTo(other.length))])
  },
  // One entry's header over another's body.
  (from, random) => {
    const other = textOf(random)
    return Buffer.concat([from.subarray(0, from.indexOf('\n')), other.subarray(other.indexOf('\n'))])
  },
  (from, random) => {
    const at = random.upTo(from.length)
    return Buffer.from(from).fill(0, at, Math.min(from.length, at + random.upTo(512)))
  },
  (_from, random) => bytesOf(random, 400),
  // Another file's text.
  (_from, random) => textOf(random),
  (from) => from,
]

describe('entries that were spoilt', () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`are never taken for others than were written, in ${CASES} cases (seed ${seed})`, async () => {
    const random = createRandom(seed)
    const disk = createDisk()
    const clock = createVirtualClock()
    const seen = { valid: 0, refused: 0 }
    for (let run = 0; run < CASES; run++) {
      const paths = ['/data/good', '/data/good.1', '/data/good.2', '/data/good.journal']
      for (const [index, path] of paths.entries()) {
        const from = texts[index === 3 ? 4 : index] ?? Buffer.alloc(0)
        disk.put(path, random.pick(spoils)(from, random))
      }
      let reported = 0
      const keeper = new Persistence(fileStore('/data/good', disk.files), {
        clock,
        deadlineMs: 1_000,
        report: () => (reported += 1),
      })
      const { goods, journal } = await keeper.load()
      keeper.close()
      for (const value of [...goods, ...(journal === undefined ? [] : [journal])]) {
        if (!accepted.has(JSON.stringify(value))) throw new Error(`case ${run}: accepted ${JSON.stringify(value)}`)
        seen.valid += 1
      }
      seen.refused += reported
    }
    // Both happen often, or nothing was tested.
    expect(seen.valid).toBeGreaterThan(CASES / 10)
    expect(seen.refused).toBeGreaterThan(CASES)
  })

  it(`are judged alike by the codec alone, in ${CASES} cases of one entry (seed ${seed})`, () => {
    const random = createRandom(seed + 1)
    for (let run = 0; run < CASES; run++) {
      const spoilt = random
        .pick(spoils)(random.pick(spoils)(textOf(random), random), random)
        .toString()
      for (const decoded of [goodCodec.decode(spoilt), journalCodec.decode(spoilt)]) {
        if (decoded.kind === 'valid' && !accepted.has(JSON.stringify(decoded.value))) {
          throw new Error(`case ${run}: accepted ${spoilt}`)
        }
      }
    }
  })

  it(`are taken only in their shape where somebody has made the checksum true, in ${CASES} cases (seed ${seed})`, () => {
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
        ['good', goodCodec, goodOf(random.upTo(5))],
        ['journal', journalCodec, journalOf(random.upTo(5))],
      ] as const)
      let tampered = value as unknown as Json
      for (let changes = random.upTo(3); changes >= 0; changes--) tampered = mutated(tampered, random)
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
