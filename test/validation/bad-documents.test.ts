import type { MemoryContent } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import {
  bytes,
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

interface Bad extends Rejection {
  readonly what: string
  /** The content; `undefined` means that the document does not exist. */
  readonly content: MemoryContent | undefined
}

const db = good.db
const badDocuments: readonly Bad[] = [
  { what: 'a missing document', content: undefined, code: 'document.missing' },
  { what: 'an empty document', content: '', code: 'document.empty' },
  { what: 'a document of white space only', content: ' \n\t\r\n ', code: 'document.empty' },
  { what: 'a document of a byte order mark only', content: '\uFEFF', code: 'document.empty' },
  { what: 'a document of zero bytes', content: new Uint8Array(0), code: 'document.empty' },
  { what: 'a truncated document', content: text.slice(0, -3), code: 'document.malformed' },
  { what: 'a document with text after its end', content: `${text} ${SECRET}`, code: 'document.malformed' },
  { what: 'a document that is not JSON', content: `password: ${SECRET}`, code: 'document.malformed' },
  {
    what: 'a document of 2 MB',
    content: { ...good, db: { ...db, password: SECRET.padEnd(2e6) } },
    code: 'document.too-large',
  },
  { what: 'a document of 2 MB in bytes', content: bytes(SECRET.padEnd(2e6)), code: 'document.too-large' },
  { what: 'invalid UTF-8', content: bytes('{"', [0xc3, 0x28], `":"${SECRET}"}`), code: 'document.encoding' },
  {
    what: 'UTF-16',
    content: bytes([0xff, 0xfe], Buffer.from(text, 'utf16le').toJSON().data),
    code: 'document.encoding',
  },
  {
    what: 'UTF-8 that ends within a character',
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
    what: 'an unknown key further down',
    content: { ...good, db: { ...db, [SECRET]: SECRET } },
    code: 'schema.invalid',
    path: 'db',
    kind: 'object',
  },
  {
    what: 'a value of the wrong type',
    content: { ...good, db: { ...db, max: SECRET } },
    code: 'schema.invalid',
    path: 'db.max',
    kind: 'string',
  },
  {
    what: 'a missing value',
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
    what: 'a string as the whole document',
    content: JSON.stringify(SECRET),
    code: 'schema.invalid',
    path: '(root)',
    kind: 'string',
  },
  { what: 'a number as the whole document', content: '17', code: 'schema.invalid', path: '(root)', kind: 'number' },
  { what: 'null as the whole document', content: 'null', code: 'schema.invalid', path: '(root)', kind: 'null' },
  {
    what: 'an own key __proto__',
    content: `{"__proto__":"${SECRET}"}`,
    code: 'document.forbidden-key',
    path: '(root)',
    kind: 'object',
  },
  {
    what: 'an own key __proto__ further down, escaped',
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
    what: 'a duplicate key',
    content: `{"${SECRET}":1,"${SECRET}":1}`,
    code: 'document.duplicate-key',
    path: '(root)',
  },
  {
    what: 'a duplicate key further down',
    content: `{"db":{"max":1,"password":"${SECRET}","max":2}}`,
    code: 'document.duplicate-key',
    path: 'db',
  },
  {
    what: 'two keys that are equal when unescaped',
    content: '{"db":{"a":1,"\\u0061":2}}',
    code: 'document.duplicate-key',
    path: 'db',
  },
  {
    what: 'a duplicate key in nested arrays',
    content: `{"list":[1,[{"k":[]}],[2,{"${SECRET}":{"a":1}},{"a":",","b":[{"x":1,"y":"}","x":2}]}]]}`,
    code: 'document.duplicate-key',
    path: 'list.2.2.*.0',
  },
]

describe('A bad document', () => {
  it.each(badDocuments)(
    'is rejected as a change, and the last good one keeps serving: $what',
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
    'is rejected at the first start, with nothing left open: $what',
    async ({ content, ...rejection }) => {
      const service = createService(content === undefined ? {} : { document: content })
      await expectStartRejected(service, rejection)
    },
  )

  it('is rejected by a dry run with the same failure', async () => {
    const service = await startService()
    for (const { content, code, path, kind } of badDocuments) {
      if (typeof content !== 'string') continue
      const report = await service.reloader.plan(content)
      expect(report).toMatchObject({ verdict: 'rejected', failures: [{ code }] })
      expect([report.failures[0]?.path, report.failures[0]?.kind]).toEqual([path, kind])
    }
    await service.reloader.close()
  })

  it('is rejected and recorded again if it follows another bad one', async () => {
    const service = await startService()
    for (const { content, ...rejection } of badDocuments) {
      if (content !== undefined) await expectRejected(service, content, rejection)
    }
    await service.reloader.close()
  })
})
