import type { MemoryContent } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { createScene, expectRefused, expectStartRefused, good, type Refusal, SECRET, startScene } from './scene.ts'

const text = JSON.stringify(good)
const nested = (levels: number, open: string, close: string): string => `${open.repeat(levels)}1${close.repeat(levels)}`
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

interface Bad extends Refusal {
  readonly what: string
  /** `undefined`: there is none. */
  readonly content: MemoryContent | undefined
}

const db = good.db
const badDocuments: readonly Bad[] = [
  { what: 'a document that is not there', content: undefined, code: 'document.missing' },
  { what: 'an empty document', content: '', code: 'document.empty' },
  { what: 'a document of white space', content: ' \n\t\r\n ', code: 'document.empty' },
  { what: 'a document of a byte order mark alone', content: '\uFEFF', code: 'document.empty' },
  { what: 'a document without bytes', content: new Uint8Array(0), code: 'document.empty' },
  { what: 'a truncated document', content: text.slice(0, -3), code: 'document.malformed' },
  { what: 'a document with something after its end', content: `${text} ${SECRET}`, code: 'document.malformed' },
  { what: 'a document that is no JSON', content: `password: ${SECRET}`, code: 'document.malformed' },
  {
    what: 'a document of 2 MB',
    content: { ...good, db: { ...db, password: SECRET.padEnd(2e6) } },
    code: 'document.too-large',
  },
  { what: 'a document of 2 MB of bytes', content: bytes(SECRET.padEnd(2e6)), code: 'document.too-large' },
  { what: 'invalid UTF-8', content: bytes('{"', [0xc3, 0x28], `":"${SECRET}"}`), code: 'document.encoding' },
  {
    what: 'UTF-16',
    content: bytes([0xff, 0xfe], Buffer.from(text, 'utf16le').toJSON().data),
    code: 'document.encoding',
  },
  {
    what: 'UTF-8 that is cut within a character',
    content: bytes(`{"${SECRET}":"`, [0xe2, 0x82]),
    code: 'document.encoding',
  },
  {
    what: 'a lone surrogate in bytes',
    content: bytes(`{"${SECRET}":"`, [0xed, 0xa0, 0x80], '"}'),
    code: 'document.encoding',
  },
  { what: 'a lone surrogate in text', content: `{"${SECRET}":"\uD800"}`, code: 'document.encoding' },
  { what: 'an unknown key', content: { ...good, [SECRET]: 1 }, code: 'schema.invalid', path: '(root)', kind: 'object' },
  {
    what: 'an unknown key below',
    content: { ...good, db: { ...db, [SECRET]: SECRET } },
    code: 'schema.invalid',
    path: 'db',
    kind: 'object',
  },
  {
    what: 'a value of a wrong type',
    content: { ...good, db: { ...db, max: SECRET } },
    code: 'schema.invalid',
    path: 'db.max',
    kind: 'string',
  },
  {
    what: 'a value that is missing',
    content: { ...good, db: { password: SECRET } },
    code: 'schema.invalid',
    path: 'db.max',
    kind: 'missing',
  },
  { what: 'null for an object', content: { ...good, db: null }, code: 'schema.invalid', path: 'db', kind: 'null' },
  {
    what: 'an array for an object',
    content: { ...good, db: [SECRET] },
    code: 'schema.invalid',
    path: 'db',
    kind: 'array',
  },
  {
    what: 'a wrong record value',
    content: { ...good, limits: { [SECRET]: SECRET } },
    code: 'schema.invalid',
    path: 'limits.*',
    kind: 'string',
  },
  {
    what: 'a wrong array item',
    content: { ...good, list: [{ n: 1 }, { n: true }] },
    code: 'schema.invalid',
    path: 'list.1.n',
    kind: 'boolean',
  },
  {
    what: 'a string for the whole',
    content: JSON.stringify(SECRET),
    code: 'schema.invalid',
    path: '(root)',
    kind: 'string',
  },
  { what: 'a number for the whole', content: '17', code: 'schema.invalid', path: '(root)', kind: 'number' },
  { what: 'null for the whole', content: 'null', code: 'schema.invalid', path: '(root)', kind: 'null' },
  {
    what: 'an own key __proto__',
    content: `{"__proto__":"${SECRET}"}`,
    code: 'document.forbidden-key',
    path: '(root)',
    kind: 'object',
  },
  {
    what: 'an own key __proto__ below, escaped',
    content: `{"list":[{"\\u005f_proto__":{"${SECRET}":1}}]}`,
    code: 'document.forbidden-key',
    path: 'list.0',
    kind: 'object',
  },
  {
    what: 'arrays 10,000 deep',
    content: nested(10_000, '[', ']'),
    code: 'document.too-deep',
    path: `${'0.'.repeat(16)}…`,
    kind: 'array',
  },
  {
    what: 'objects 10,000 deep',
    content: nested(10_000, `{"${SECRET}":`, '}'),
    code: 'document.too-deep',
    path: `${'*.'.repeat(16)}…`,
    kind: 'object',
  },
  {
    what: 'a key that stands twice',
    content: `{"${SECRET}":1,"${SECRET}":1}`,
    code: 'document.duplicate-key',
    path: '(root)',
  },
  {
    what: 'a key that stands twice below',
    content: `{"db":{"max":1,"password":"${SECRET}","max":2}}`,
    code: 'document.duplicate-key',
    path: 'db',
  },
  {
    what: 'two keys that are one when unescaped',
    content: '{"db":{"a":1,"\\u0061":2}}',
    code: 'document.duplicate-key',
    path: 'db',
  },
  {
    what: 'a key that stands twice in nested arrays',
    content: `{"list":[1,[{"k":[]}],[2,{"${SECRET}":{"a":1}},{"a":",","b":[{"x":1,"y":"}","x":2}]}]]}`,
    code: 'document.duplicate-key',
    path: 'list.2.2.*.0',
  },
]

describe('A bad document', () => {
  it.each(badDocuments)(
    'is refused as a change, and the last good one kept: $what',
    async ({ content, ...refusal }) => {
      const scene = await startScene()
      await expectRefused(scene, content, refusal)
      scene.source.put({ ...good, db: { ...db, max: 11 } })
      await scene.clock.advance(0)
      expect([scene.reloader.config.db.max, scene.reloader.modules.db.current]).toEqual([11, 11])
      await scene.reloader.close()
      expect(scene.calls.made).toBe(scene.calls.closed)
    },
  )

  it.each(badDocuments)(
    'is refused at the very first start, with nothing left open: $what',
    async ({ content, ...refusal }) => {
      const scene = createScene(content === undefined ? {} : { document: content })
      await expectStartRefused(scene, refusal)
    },
  )

  it('is refused by a dry run with the same words', async () => {
    const scene = await startScene()
    for (const { content, code, path, kind } of badDocuments) {
      if (typeof content !== 'string') continue
      const report = await scene.reloader.plan(content)
      expect(report).toMatchObject({ verdict: 'rejected', failures: [{ code }] })
      expect([report.failures[0]?.path, report.failures[0]?.kind]).toEqual([path, kind])
    }
    await scene.reloader.close()
  })

  it('that follows another bad one is refused anew, and each is told', async () => {
    const scene = await startScene()
    for (const { content, ...refusal } of badDocuments) {
      if (content !== undefined) await expectRefused(scene, content, refusal)
    }
    await scene.reloader.close()
  })
})

describe('A document', () => {
  it.each([
    ['text', `\uFEFF${text}`],
    ['bytes', bytes([0xef, 0xbb, 0xbf], text)],
  ])('of %s may start with a byte order mark, as some editors write it', async (_, document) => {
    const scene = await startScene({ document })
    expect(scene.reloader.config).toEqual(good)
    await scene.reloader.close()
  })

  it('may hold an escaped lone surrogate, which is JSON; two different ones are two configs', async () => {
    const document = (escaped: string): string => `{"log":{"level":"info"},"db":{"max":1,"password":"${escaped}"}}`
    const scene = await startScene({ document: document('\\ud800') })
    const first = scene.reloader.status().serving?.digest
    scene.source.put(document('\\ud801'))
    await scene.clock.advance(0)
    expect(scene.reloader.config.db.password).toBe('\uD801')
    expect(scene.reloader.status().serving?.digest).not.toBe(first)
    await scene.reloader.close()
  })

  it('of the largest size is taken, and one byte more is not, however many characters that is', async () => {
    const limit = 200
    const ofBytes = (size: number): string => {
      const bare = JSON.stringify({ ...good, db: { max: 1, password: '€' } })
      return `${bare}${' '.repeat(size - Buffer.byteLength(bare))}`
    }
    const scene = await startScene({ document: ofBytes(limit), maxDocumentBytes: limit })
    await expectRefused(scene, ofBytes(limit + 1), { code: 'document.too-large' })
    await expectRefused(scene, bytes(ofBytes(limit + 1)), { code: 'document.too-large' })
    await scene.reloader.close()
  })

  it('lists no more than twenty of its issues, the first one first', async () => {
    const scene = await startScene()
    const list = Array.from({ length: 100 }, () => ({ n: SECRET }))
    await expectRefused(scene, { ...good, list }, { code: 'schema.invalid', path: 'list.0.n', kind: 'string' })
    expect(scene.reloader.status().last).toMatchObject({ failures: { length: 20 } })
    await scene.reloader.close()
  })

  it('that was deleted and comes back serves again', async () => {
    const scene = await startScene()
    await expectRefused(scene, undefined, { code: 'document.missing' })
    scene.source.put(good)
    await scene.clock.advance(0)
    expect(scene.reloader.status()).toMatchObject({ state: 'committed', inSync: true, last: { outcome: 'unchanged' } })
    await scene.reloader.close()
  })
})
