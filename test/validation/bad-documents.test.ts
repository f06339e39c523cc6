import type { MemoryContent } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import {
  createService,
  expectRejected,
  expectStartRejected,
  good,
  type Rejection,
  SECRET,
  startService,
} from './service.ts'

const text = JSON.stringify(good)
const nested = (levels: number, open: string, close: string): string => `${open.repeat(levels)}1${close.repeat(levels)}`
const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

interface Bad extends Rejection {
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
    async ({ content, ...rejection }) => {
      const service = await startService()
      await expectRejected(service, content, rejection)
      service.source.put({ ...good, db: { ...db, max: 11 } })
      await service.clock.advance(0)
      expect([service.reloader.config.db.max, service.reloader.modules.db.current]).toEqual([11, 11])
      await service.reloader.close()
      expect(service.calls.made).toBe(service.calls.closed)
    },
  )

  it.each(badDocuments)(
    'is refused at the very first start, with nothing left open: $what',
    async ({ content, ...rejection }) => {
      const service = createService(content === undefined ? {} : { document: content })
      await expectStartRejected(service, rejection)
    },
  )

  it('is refused by a dry run with the same words', async () => {
    const service = await startService()
    for (const { content, code, path, kind } of badDocuments) {
      if (typeof content !== 'string') continue
      const report = await service.reloader.plan(content)
      expect(report).toMatchObject({ verdict: 'rejected', failures: [{ code }] })
      expect([report.failures[0]?.path, report.failures[0]?.kind]).toEqual([path, kind])
    }
    await service.reloader.close()
  })

  it('that follows another bad one is refused anew, and each is told', async () => {
    const service = await startService()
    for (const { content, ...rejection } of badDocuments) {
      if (content !== undefined) await expectRejected(service, content, rejection)
    }
    await service.reloader.close()
  })
})

describe('A document', () => {
  it.each([
    ['text', `\uFEFF${text}`],
    ['bytes', bytes([0xef, 0xbb, 0xbf], text)],
  ])('of %s may start with a byte order mark, as some editors write it', async (_, document) => {
    const service = await startService({ document })
    expect(service.reloader.config).toEqual(good)
    await service.reloader.close()
  })

  it('may hold an escaped lone surrogate, which is JSON; two different ones are two configs', async () => {
    const document = (escaped: string): string => `{"log":{"level":"info"},"db":{"max":1,"password":"${escaped}"}}`
    const service = await startService({ document: document('\\ud800') })
    const first = service.reloader.status().serving?.digest
    service.source.put(document('\\ud801'))
    await service.clock.advance(0)
    expect(service.reloader.config.db.password).toBe('\uD801')
    expect(service.reloader.status().serving?.digest).not.toBe(first)
    await service.reloader.close()
  })

  it('of the largest size is taken, and one byte more is not, however many characters that is', async () => {
    const limit = 200
    const ofBytes = (size: number): string => {
      const bare = JSON.stringify({ ...good, db: { max: 1, password: '€' } })
      return `${bare}${' '.repeat(size - Buffer.byteLength(bare))}`
    }
    const service = await startService({ document: ofBytes(limit), maxDocumentBytes: limit })
    await expectRejected(service, ofBytes(limit + 1), { code: 'document.too-large' })
    await expectRejected(service, bytes(ofBytes(limit + 1)), { code: 'document.too-large' })
    await service.reloader.close()
  })

  it('lists no more than twenty of its issues, the first one first', async () => {
    const service = await startService()
    const list = Array.from({ length: 100 }, () => ({ n: SECRET }))
    await expectRejected(service, { ...good, list }, { code: 'schema.invalid', path: 'list.0.n', kind: 'string' })
    expect(service.reloader.status().last).toMatchObject({ failures: { length: 20 } })
    await service.reloader.close()
  })

  it('that was deleted and comes back serves again', async () => {
    const service = await startService()
    await expectRejected(service, undefined, { code: 'document.missing' })
    service.source.put(good)
    await service.clock.advance(0)
    expect(service.reloader.status()).toMatchObject({
      state: 'committed',
      inSync: true,
      last: { outcome: 'unchanged' },
    })
    await service.reloader.close()
  })
})
