import { describe, expect, it } from 'vitest'
import type { ReadResult } from '../../src/api/source.ts'
import { ContentDigest, HashLater } from '../../src/intake/content-digest.ts'

const revision = { lineage: 'test', order: 1, name: '1' }

const document = (content: string | Uint8Array, fingerprint?: string): ReadResult => ({
  kind: 'document',
  revision,
  content,
  ...(fingerprint === undefined ? {} : { fingerprint }),
})

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

const results = {
  text: document('{"a":1}'),
  'other text': document('{"a":2}'),
  empty: document(''),
  'another fingerprint': document('{"a":1}', 'key file 2'),
  missing: { kind: 'missing', revision },
  malformed: { kind: 'malformed', revision, code: 'document.malformed' },
  'malformed otherwise': { kind: 'malformed', revision, code: 'document.duplicate-key' },
} as const satisfies Record<string, ReadResult>

const hashed = (result: ReadResult): ContentDigest => {
  const digest = new ContentDigest(result)
  digest.hash()
  return digest
}

describe('The digest of what a source has answered', () => {
  for (const [name, result] of Object.entries(results)) {
    for (const [otherName, other] of Object.entries(results)) {
      it(`tells ${name} from ${otherName} exactly if they differ, hashed or not`, () => {
        for (const one of [new ContentDigest(result), hashed(result)]) {
          for (const two of [new ContentDigest(other), hashed(other)]) expect(one.equals(two)).toBe(name === otherName)
        }
      })
    }
  }

  it('does not depend on whether the content is text or bytes', () => {
    expect(new ContentDigest(document('ä')).equals(new ContentDigest(document(bytes('ä'))))).toBe(true)
    expect(new ContentDigest(document(bytes('a'))).equals(new ContentDigest(document(bytes('b'))))).toBe(false)
  })

  it('takes an empty fingerprint for none', () => {
    expect(new ContentDigest(document('a', '')).equals(new ContentDigest(document('a')))).toBe(true)
  })

  it('lets go of the content when it is hashed', () => {
    const digest = new ContentDigest(document('1234'))
    expect(digest.size).toBe(4)
    digest.hash()
    expect(digest.size).toBe(0)
  })
})

describe('Contents that wait for their hash', () => {
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

  const add = (later: HashLater, content: string): ContentDigest => {
    const digest = new ContentDigest(document(content))
    later.add(digest)
    return digest
  }

  it('are kept while they are small together', async () => {
    const later = new HashLater()
    const digests = Array.from({ length: 100 }, (_, index) => add(later, `{"a":${index}}`))
    await turn()
    expect(digests.every(({ size }) => size > 0)).toBe(true)
  })

  it('are hashed after the turn in which they become many, but for the newest', async () => {
    const later = new HashLater()
    for (let round = 0; round < 3; round++) {
      const small = add(later, '{}')
      const large = [add(later, 'a'.repeat(20_000)), add(later, 'b'.repeat(20_000))]
      expect([small, ...large].every(({ size }) => size > 0)).toBe(true)
      await turn()
      expect([small, ...large].map(({ size }) => size)).toEqual([0, 0, 20_000])
    }
  })

  it('hold no more than the limit and the newest', async () => {
    const later = new HashLater()
    const digests: ContentDigest[] = []
    for (let index = 0; index < 500; index++) {
      digests.push(add(later, `${index} `.repeat(200)))
      await turn()
    }
    expect(digests.reduce((sum, { size }) => sum + size, 0)).toBeLessThan(16_384 + 2_000)
  })
})
