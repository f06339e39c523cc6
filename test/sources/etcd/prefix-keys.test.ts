import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createReloader, isChangeoverError, unsafeCause, type ChangeoverError } from 'changeover'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource, type EtcdPrefixOptions } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { never, readDocument, textOf } from '../follow.ts'

type Keys = Readonly<Record<string, string | Buffer>>

let server: EtcdServer
let source: Source
let prefix = ''
let prefixes = 0

const openSource = (options: Partial<EtcdPrefixOptions> = {}): Source =>
  etcdSource({ hosts: server.endpoint, prefix, settleMs: 0, ...options })

/** Writes in one transaction. */
const write = (keys: Keys): Promise<unknown> =>
  server.admin(async (client) =>
    client.kv.txn({
      success: Object.entries(keys).map(([name, value]) => ({
        request_put: { key: Buffer.from(`${prefix}/${name}`), value: Buffer.from(value as string) },
      })),
    }),
  )

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())
beforeEach(() => {
  prefix = `/keys/${++prefixes}`
  source = openSource()
})
afterEach(() => source.close?.())

describe('A placeholder of a folder', () => {
  const E3W = 'etcdv3_dir_$2H#%gRe3*t'

  it.each<[string, Keys]>([
    ['an empty key that ends in a slash', { 'feature/': '' }],
    ['the prefix itself', { '': '' }],
    ['one in a folder', { 'db/replica/': '' }],
    ['one of a folder that has keys', { 'db/': '' }],
    ['several at once', { '': '', 'feature/': '', 'feature/a/': '', 'db/': '' }],
    ['one that holds a line break', { 'feature/': '\n' }],
    ['one with two slashes', { 'feature//': '' }],
    ['one with the value that e3w gives to folders', { db: E3W, feature: E3W, 'feature/a/': E3W }],
  ])('is skipped: %s', async (_, markers) => {
    const json = openSource({ values: 'json' })
    await write({ 'db/max': '10', ...markers })
    expect(textOf(await source.read(never))).toBe('{"db":{"max":"10"}}')
    expect(textOf(await json.read(never))).toBe('{"db":{"max":10}}')
    await json.close?.()
  })

  it('does not change the revision of the document, so that it starts no work', async () => {
    await write({ 'db/max': '10' })
    const before = await readDocument(source)
    await write({ 'feature/': '', '': '' })
    const after = await readDocument(source)
    expect(after.revision.name).toBe(before.revision.name)
    await server.admin(async (client) => client.delete().key(`${prefix}/feature/`))
    expect((await readDocument(source)).revision.name).toBe(before.revision.name)
  })

  it('is no document, if there is nothing else', async () => {
    await write({ '': '', 'feature/': '' })
    expect(await source.read(never)).toMatchObject({ kind: 'missing', revision: { name: '0' } })
  })

  it('is counted neither among many keys nor on a page of placeholders', async () => {
    for (let page = 0; page < 4; page++) {
      await write(Object.fromEntries(Array.from({ length: 100 }, (_, n) => [`empty-${page}-${n}/`, ''])))
    }
    await write({ 'z/last': '1' })
    expect(textOf(await source.read(never))).toBe('{"z":{"last":"1"}}')
    expect((await source.read(never)).revision.name).toMatch(/^\d+\/1$/)
  })

  it('keeps the empty value of a key without a slash at its end as a text', async () => {
    await write({ 'db/password': '' })
    expect(textOf(await source.read(never))).toBe('{"db":{"password":""}}')
  })
})

describe('A key that cannot be part of the document', () => {
  const Config = z.object({
    db: z.object({ max: z.unknown(), hosts: z.record(z.string(), z.unknown()) }).partial(),
    log: z.object({ level: z.unknown() }).partial().optional(),
  })
  const refusal = async (keys: Keys, options: Partial<EtcdPrefixOptions> = {}): Promise<ChangeoverError> => {
    await write(keys)
    const reloader = createReloader({ source: openSource(options), schema: Config, public: ['log'] })
    const error: unknown = await reloader.start().catch((reason: unknown) => reason)
    await reloader.close()
    if (!isChangeoverError(error)) throw new Error('the reloader started')
    return error
  }
  const good = { 'db/a': '1', 'db/b': '2' }

  it.each<[string, Keys, string, string, string]>([
    ['two slashes in a row', { ...good, 'db//max': '3' }, 'document.bad-key', 'key "db//max", number 1 of 3', 'db.max'],
    ['a slash at the start', { ...good, '/db': '3' }, 'document.bad-key', 'key "/db", number 1 of 3', 'db'],
    [
      'a slash at its end and a value',
      { ...good, 'log/': 'x' },
      'document.bad-key',
      'key "log/", number 3 of 3',
      'log',
    ],
    ['only a slash', { ...good, '': 'x' }, 'document.bad-key', 'key "", number 1 of 3', '(root)'],
    ['an empty segment far down', { 'log/x//y': '1' }, 'document.bad-key', 'key "log/x//y", number 1 of 1', 'log.x.y'],
    [
      'keys below it',
      { db: '1', 'db-x': '2', 'db/max': '3' },
      'document.key-conflict',
      'key "db", number 1 of 3',
      'db',
    ],
    ['an empty value and keys below it', { log: '', 'log/level': '3' }, 'document.key-conflict', 'key "log"', 'log'],
    ['too many segments', { [`log/${'a/'.repeat(300)}z`]: '3' }, 'document.too-deep', 'key "log/a/a', 'log.a.a'],
    ['a value that is not UTF-8', { 'db/max': Buffer.of(0xc3, 0x28) }, 'document.encoding', 'key "db/max"', 'db.max'],
    [
      'a name that the schema does not declare',
      { 'db/hosts/sk-123/': 'x' },
      'document.bad-key',
      'key "db/hosts/*/"',
      '*',
    ],
    ['a name in a record', { 'sk-123/': 'x' }, 'document.bad-key', 'key "*/", number 1 of 1 below the prefix', '*'],
  ])('is named: one with %s', async (_, keys, code, detail, path) => {
    const error = await refusal(keys)
    expect(error.code).toBe(code)
    expect(error.message).toContain(detail)
    expect(error.failures[0]?.path).toContain(path)
    expect(error.message).not.toMatch(/sk-123|linter/)
    expect(error.hint).not.toMatch(/linter/)
  })

  it.each<[string, string | Buffer]>([
    ['nothing', ''],
    ['half of a document', '{"a":'],
    ['bare text', 'secret-value'],
    ['two pieces of JSON', '1,"x":2'],
    ['a comment', '1 // one'],
    ['a byte order mark', '\u{feff}1'],
  ])('is named if its value should be JSON, and is %s', async (_, value) => {
    const error = await refusal({ 'db/a': '1', 'db/max': value }, { values: 'json' })
    expect(error.code).toBe('document.bad-value')
    expect(error.message).toContain('key "db/max", number 2 of 2 below the prefix')
    expect(error.message).not.toContain('secret-value')
  })

  it('is named by its place if it is not UTF-8', async () => {
    const key = Buffer.concat([Buffer.from(`${prefix}/`), Buffer.of(0xc3, 0x28)])
    await server.admin(async (client) => client.put(key).value('1'))
    const error = await refusal({ 'db/max': '1' })
    expect(error.code).toBe('document.bad-key')
    expect(error.message).toContain('key "*", number 2 of 2')
  })

  it('is named whole by the unsafe cause alone', async () => {
    const error = await refusal({ 'sk-123//x': '1' })
    expect(JSON.stringify(error.failures)).not.toContain('sk-123')
    expect(String(unsafeCause(error))).toContain('sk-123//x')
  })

  it('keeps the serving config, and is forgotten once it is deleted', async () => {
    await write({ 'db/max': '1' })
    const reloader = createReloader({ source: openSource(), schema: Config })
    await reloader.start()
    await write({ 'db/max': '2', 'db//max': 'x' })
    const record = await reloader.reload()
    expect(record).toMatchObject({ outcome: 'rejected', failures: [{ code: 'document.bad-key' }] })
    expect(reloader.config.db.max).toBe('1')
    await server.admin(async (client) => client.delete().key(`${prefix}/db//max`))
    await reloader.reload()
    expect(reloader.config.db.max).toBe('2')
    await reloader.close()
  })
})
