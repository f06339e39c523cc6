import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { goodCodec, journalCodec, MAX_ENTRY_BYTES } from '../../src/persistence/codec.ts'
import { MAX_STRING } from '../../src/persistence/decode.ts'
import { type Good, type Journal, MAX_ATTEMPTS, MAX_QUARANTINED } from '../../src/persistence/persisted-state.ts'
import { attemptOf, goodOf, journalOf, quarantinedOf } from './scene.ts'

const damaged = { kind: 'refused', code: 'persistence.damaged' }
const foreign = { kind: 'refused', code: 'persistence.foreign' }

/** An entry with a valid checksum, whatever it holds. */
const sealed = (body: string, kind = 'good', version = '1'): string =>
  `changeover/${version} ${kind} ${createHash('sha256').update(body).digest('hex')}\n${body}`

const encoded = (good: Good): string => goodCodec.encode(good) ?? 'not encoded'
const good = goodOf(1)
const journal = journalOf(1)

describe('the text of an entry', () => {
  it('is a header line and a line of JSON', () => {
    expect(encoded(good)).toMatch(/^changeover\/1 good [0-9a-f]{64}\n\{.*\}\n$/)
    expect(journalCodec.encode(journal)).toMatch(/^changeover\/1 journal [0-9a-f]{64}\n\{.*\}\n$/)
    expect(encoded(good)).toBe(sealed(`${JSON.stringify(good)}\n`))
  })

  it.each([
    ['an ordinary text', '{"a":1}'],
    ['an empty text', ''],
    ['lines and quotes', '"\n\r\\\t'],
    ['characters beyond ASCII', 'é 漢字 🦊 \u2028 \uFEFF'],
    ['half a surrogate pair', 'a\uD83D'],
    ['a zero', '\0'],
    ['a mebibyte', 'x'.repeat(2 ** 20)],
  ])('decodes to the same good with %s', (_title, text) => {
    expect(goodCodec.decode(encoded(goodOf(1, text)))).toEqual({ kind: 'valid', value: goodOf(1, text) })
  })

  it.each([
    ['that is empty', { digestKey: 'k', attempts: [], quarantine: [] }],
    ['of a frozen service', journal],
    ['of a service that is not frozen', journalOf(2)],
    [
      'that is full',
      {
        digestKey: 'k',
        attempts: Array.from({ length: MAX_ATTEMPTS }, (_, n) => attemptOf(n)),
        quarantine: Array.from({ length: MAX_QUARANTINED }, (_, n) => quarantinedOf(n)),
      },
    ],
  ])('decodes to the same journal: one %s', (_title, given: Journal) => {
    const text = journalCodec.encode(given)
    expect(journalCodec.decode(text)).toEqual({ kind: 'valid', value: given })
  })

  it('is the same after it has been decoded and encoded again', () => {
    const text = encoded(good)
    const decoded = goodCodec.decode(text)
    expect(decoded.kind === 'valid' && goodCodec.encode(decoded.value)).toBe(text)
  })

  it.each([
    ['a good that is too large', goodCodec.encode(goodOf(1, 'x'.repeat(MAX_ENTRY_BYTES)))],
    ['a good that is too large in UTF-8 alone', goodCodec.encode(goodOf(1, '漢'.repeat(MAX_ENTRY_BYTES / 2)))],
    ['a good without a digest', goodCodec.encode({ ...good, digest: '' })],
    ['a good without a number', goodCodec.encode({ ...good, savedAt: Number.NaN })],
    [
      'a journal that is too full',
      journalCodec.encode({ ...journal, attempts: new Array(MAX_ATTEMPTS + 1).fill(attemptOf(1)) }),
    ],
  ])('is not made of %s, which could not be read back', (_title, text) => {
    expect(text).toBeUndefined()
  })
})

describe('any other text', () => {
  it.each([
    ['of the next version', sealed('{}', 'good', '2')],
    ['of a version far ahead', 'changeover/117 something else'],
    ['of a version with the same first digit', sealed('{}', 'good', '10')],
  ])('is foreign if it is an entry %s', (_title, text) => {
    expect(goodCodec.decode(text)).toEqual(foreign)
    expect(journalCodec.decode(text)).toEqual(foreign)
  })

  it.each([
    ['empty', ''],
    ['only a line end', '\n'],
    ['only zeros', '\0'.repeat(300)],
    ['only a header', encoded(good).split('\n')[0]],
    ['without its last byte', encoded(good).slice(0, -1)],
    ['with one byte more', `${encoded(good)}\n`],
    ['with a byte order mark', `\uFEFF${encoded(good)}`],
    ['with other line ends', encoded(good).replaceAll('\n', '\r\n')],
    ['with an upper-case checksum', encoded(good).replace(/ [0-9a-f]{64}/, (hex) => hex.toUpperCase())],
    ['with a changed digit', encoded(good).replace('"sequence":1', '"sequence":2')],
    ['a journal in its place', journalCodec.encode(journal)],
    ['a journal under its name', sealed(`${JSON.stringify(journal)}\n`)],
    ['without a version', encoded(good).replace('changeover/1', 'changeover/')],
    ['the JSON of another program', '{"log":{"level":"info"}}'],
    ['not JSON', sealed('{"sequence":1,\n')],
    ['nested too deeply', sealed('['.repeat(2 ** 20))],
    ['too large', sealed(`${JSON.stringify(goodOf(1, 'x'.repeat(MAX_ENTRY_BYTES)))}\n`)],
    ['null', null],
    ['a buffer', Buffer.from(encoded(good))],
    ['a String object', Object(encoded(good))],
    [
      'an object that throws',
      {
        toString: () => {
          throw new Error('no')
        },
      },
    ],
  ])('is damaged if it is %s', (_title, text) => {
    expect(goodCodec.decode(text)).toEqual(damaged)
  })

  const without = (from: object, key: string): object =>
    Object.fromEntries(Object.entries(from).filter(([name]) => name !== key))
  const badGoods: readonly (readonly [string, unknown])[] = [
    ['null', null],
    ['a list', [good]],
    ['a number', 7],
    ...Object.keys(good).map((key) => [`a good without ${key}`, without(good, key)] as const),
    ...Object.keys(good).map((key) => [`a good whose ${key} is null`, { ...good, [key]: null }] as const),
    ['a good with a sequence below zero', { ...good, sequence: -1 }],
    ['a good with a fractional sequence', { ...good, sequence: 1.5 }],
    ['a good with a sequence that is too high', { ...good, sequence: 2 ** 60 }],
    ['a good with a time that is text', { ...good, savedAt: '1' }],
    ['a good with a list for its revision', { ...good, revision: ['a', 1, 'b'] }],
    ['a good with half a revision', { ...good, revision: { lineage: 'a', order: 1 } }],
    ['a good with a digest that is too long', { ...good, digest: 'x'.repeat(MAX_STRING + 1) }],
  ]

  it.each(badGoods)('is damaged if it holds %s', (_title, value) => {
    expect(goodCodec.decode(sealed(JSON.stringify(value)))).toEqual(damaged)
  })

  const attempt = attemptOf(1)
  const quarantined = quarantinedOf(1)
  const frozen = { reason: 'r', since: 1 }
  const badJournals: readonly (readonly [string, unknown])[] = [
    ...Object.keys(journalOf(2)).map((key) => [`no ${key}`, without(journalOf(2), key)] as const),
    ...Object.keys(attempt).map(
      (key) => [`an attempt without ${key}`, { ...journal, attempts: [without(attempt, key)] }] as const,
    ),
    ...['digest', 'build', 'revision', 'code', 'count', 'since'].map(
      (key) => [`a quarantine without ${key}`, { ...journal, quarantine: [without(quarantined, key)] }] as const,
    ),
    ...['causeCode', 'module', 'phase', 'until'].map(
      (key) =>
        [`a quarantine whose ${key} is a list`, { ...journal, quarantine: [{ ...quarantined, [key]: [] }] }] as const,
    ),
    ['an empty key', { ...journal, digestKey: '' }],
    ['a number for its attempts', { ...journal, attempts: 1 }],
    ['an object for its attempts', { ...journal, attempts: { length: 0 } }],
    ['more attempts than allowed', { ...journal, attempts: new Array(MAX_ATTEMPTS + 1).fill(attempt) }],
    [
      'more quarantined digests than allowed',
      { ...journal, quarantine: new Array(MAX_QUARANTINED + 1).fill(quarantined) },
    ],
    ['deaths that are negative', { ...journal, attempts: [{ ...attempt, deaths: -1 }] }],
    ['a freeze without a reason', { ...journal, frozen: { since: 1 } }],
    ['a freeze without a time', { ...journal, frozen: { reason: 'r' } }],
    ['a freeze by a list', { ...journal, frozen: { ...frozen, by: ['Ada'] } }],
    ['a freeze that is true', { ...journal, frozen: true }],
    ['a freeze that reverts to nothing', { ...journal, frozen: { ...frozen, revertTo: '' } }],
  ]

  it.each(badJournals)('is damaged if the journal has %s', (_title, value) => {
    expect(journalCodec.decode(sealed(JSON.stringify(value), 'journal'))).toEqual(damaged)
  })
})

describe('a decoded entry', () => {
  it('has only known members, and cannot choose its prototype', () => {
    const body = `${JSON.stringify(good).slice(0, -1)},"__proto__":{"polluted":true},"constructor":1,"more":[1]}`
    const decoded = goodCodec.decode(sealed(body))
    expect(decoded).toEqual({ kind: 'valid', value: good })
    const value = decoded.kind === 'valid' ? decoded.value : undefined
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(Object.keys(value ?? {})).toEqual(Object.keys(good))
  })

  it('takes nothing from the prototype of all objects', () => {
    const inherited = { frozen: { reason: 'inherited', since: 1 }, text: 'inherited' }
    Object.assign(Object.prototype, inherited)
    try {
      expect(goodCodec.decode(sealed(JSON.stringify({ ...good, text: undefined })))).toEqual(damaged)
      const decoded = journalCodec.decode(sealed(JSON.stringify(journalOf(2)), 'journal'))
      expect(decoded.kind === 'valid' && Object.hasOwn(decoded.value, 'frozen')).toBe(false)
    } finally {
      for (const key of Object.keys(inherited)) Reflect.deleteProperty(Object.prototype, key)
    }
  })

  it('cannot be changed', () => {
    const decoded = journalCodec.decode(journalCodec.encode(journal))
    if (decoded.kind !== 'valid') throw new Error('not read')
    const { value } = decoded
    const parts = [value, value.attempts, value.attempts[0], value.quarantine, value.quarantine[0], value.frozen]
    expect(parts.map((part) => Object.isFrozen(part))).toEqual(parts.map(() => true))
  })
})
