import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { isNewer } from '../../../src/model/revision.ts'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { followOpened, never, readDocument, SOON, textOf } from '../follow.ts'

let server: EtcdServer
let source: Source
let prefix = ''
let prefixes = 0

/** Writes in one transaction; `null` deletes the key. */
const write = (changes: Readonly<Record<string, string | null>>): Promise<unknown> =>
  server.admin(async (client) => {
    const operations = Object.entries(changes).map(([name, value]) => {
      const key = Buffer.from(`${prefix}/${name}`)
      return value === null ? { request_delete_range: { key } } : { request_put: { key, value: Buffer.from(value) } }
    })
    return client.kv.txn({ success: operations })
  })

const readText = async (): Promise<string | undefined> => textOf(await source.read(never))

beforeAll(async () => {
  server = await startEtcd({ flags: ['--max-txn-ops', '10000'] })
})
afterAll(() => server.stop())
beforeEach(() => {
  prefix = `/prefix/${++prefixes}`
  source = etcdSource({ hosts: server.endpoint, prefix })
})
afterEach(() => source.close?.())

describe('The keys of a prefix', () => {
  it('form a tree, separated by slashes, in the order of the keys', async () => {
    await write({ 'db/max': '10', 'db/host': 'localhost', 'log/level': 'info', name: 'é"\n' })
    expect(await readText()).toBe('{"db":{"host":"localhost","max":"10"},"log":{"level":"info"},"name":"é\\"\\n"}')
  })

  it('are read as JSON exactly as they were written, if the option says so', async () => {
    const json = etcdSource({ hosts: server.endpoint, prefix, values: 'json' })
    await write({ 'db/max': ' 1.0 ', list: '[1,{"a":1,"a":2}]' })
    expect(textOf(await json.read(never))).toBe('{"db":{"max": 1.0 },"list":[1,{"a":1,"a":2}]}')
    await write({ list: '[1,' })
    expect(await json.read(never)).toMatchObject({ kind: 'malformed', code: 'document.bad-value' })
    await json.close?.()
  })

  it('do not include keys outside the folder', async () => {
    await write({ a: '1' })
    await server.admin(async (client) => {
      await client.put(`${prefix}0/a`).value('x')
      await client.put(prefix).value('x')
    })
    expect(await readText()).toBe('{"a":"1"}')
  })

  it('form a missing document if there are none', async () => {
    expect(await source.read(never)).toMatchObject({ kind: 'missing', revision: { name: '0' } })
  })

  it.each([
    ['a value that is also a folder', { db: '1', 'db/max': '2' }, 'document.key-conflict'],
    ['a value deep in a value', { 'a/b': '1', 'a/b/c/d': '2' }, 'document.key-conflict'],
    ['an empty segment', { 'a//b': '1' }, 'document.bad-key'],
    ['a slash at the start', { '/a': '1' }, 'document.bad-key'],
    ['a slash at the end of a key with a value', { 'a/': '1' }, 'document.bad-key'],
    ['the prefix itself as a key with a value', { '': '1' }, 'document.bad-key'],
    ['too many segments', { [`${'a/'.repeat(5_000)}a`]: '1' }, 'document.too-deep'],
  ])('form no document with %s', async (_, keys, code) => {
    await write(keys)
    expect(await source.read(never)).toMatchObject({ kind: 'malformed', code })
  })

  it('form no document if a value is not UTF-8', async () => {
    await server.admin(async (client) => client.put(`${prefix}/a`).value(Buffer.of(0xc3, 0x28)))
    expect(await source.read(never)).toMatchObject({ kind: 'malformed', code: 'document.encoding' })
  })

  it('keep __proto__ as a key of the document, for the reloader to reject', async () => {
    await write({ '__proto__/admin': 'true' })
    expect(await readText()).toBe('{"__proto__":{"admin":"true"}}')
  })

  it('are read in pages at one revision, even while they are written', async () => {
    const names = Array.from({ length: 1_000 }, (_, n) => `k${String(n).padStart(4, '0')}`)
    const all = (value: string): Promise<unknown> => write(Object.fromEntries(names.map((name) => [name, value])))
    await all('0')
    let isWriting = true
    const writing = (async () => {
      for (let n = 1; isWriting; n++) await all(String(n))
    })()
    const seen = new Set<string>()
    let torn = 0
    await vi.waitFor(async () => {
      const document: unknown = JSON.parse((await readText()) ?? '')
      const values = new Set(Object.values(document as Record<string, string>))
      expect(Object.keys(document as object)).toHaveLength(1_000)
      if (values.size !== 1) torn += 1
      for (const value of values) seen.add(value)
      expect(seen.size).toBeGreaterThan(3)
    }, SOON)
    isWriting = false
    await writing
    expect(torn).toBe(0)
  })

  it('can be so large that a page does not fit into a message', async () => {
    const small = etcdSource({
      hosts: server.endpoint,
      prefix,
      grpcOptions: { 'grpc.max_receive_message_length': 300_000 },
    })
    for (const name of ['a', 'b', 'c', 'd', 'e']) await write({ [name]: name.repeat(200_000) })
    const document = textOf(await small.read(never))
    expect(Object.keys(JSON.parse(document ?? ''))).toEqual(['a', 'b', 'c', 'd', 'e'])
    await small.close?.()
  })
})

describe('The revision of a prefix', () => {
  it('changes once when one transaction changes two keys', async () => {
    await write({ a: '1', b: '1' })
    const before = await readDocument(source)
    const watched = await followOpened(source, before.revision)
    await write({ a: '2', b: '2' })
    await vi.waitFor(() => expect(watched.events.length).toBeGreaterThan(1), SOON)
    const after = await readDocument(source)
    expect(textOf(after)).toBe('{"a":"2","b":"2"}')
    expect(after.revision.order).toBe(before.revision.order + 1)
    expect(isNewer(after.revision, before.revision)).toBe(true)
    await write({ c: '1' })
    await vi.waitFor(() => expect(watched.events.length).toBeGreaterThan(2), SOON)
    await watched.stop()
    expect(watched.events.map((event) => event.kind)).toEqual(['opened', 'changed', 'changed'])
  })

  it('changes when the newest key is deleted, and when an older one is', async () => {
    await write({ a: '1' })
    await write({ b: '1' })
    await write({ c: '1' })
    const names = [(await readDocument(source)).revision]
    await write({ c: null })
    names.push((await readDocument(source)).revision)
    await write({ a: null })
    names.push((await readDocument(source)).revision)
    expect(new Set(names.map((revision) => revision.name)).size).toBe(3)
    expect(isNewer(names[1] ?? fail(), names[0])).toBe(true)
    expect(isNewer(names[2] ?? fail(), names[1])).toBe(true)
    expect(await readText()).toBe('{"b":"1"}')
  })

  it('stays the same while keys outside change', async () => {
    await write({ a: '1' })
    const before = await readDocument(source)
    await server.admin(async (client) => client.put('/elsewhere').value('x'))
    expect((await readDocument(source)).revision.name).toBe(before.revision.name)
  })

  it('stays the same for the same malformed state, so that it is rejected once', async () => {
    await write({ db: '1', 'db/max': '2' })
    const first = await source.read(never)
    const second = await source.read(never)
    expect(second.revision.name).toBe(first.revision.name)
    await write({ db: null })
    expect(isNewer((await readDocument(source)).revision, second.revision)).toBe(true)
  })
})

describe('The origin of a value', () => {
  it('is the key that holds it, at the revision of that key', async () => {
    await write({ 'db/max': '10', 'db/hosts': '["a","b"]' })
    const first = (await readDocument(source)).revision.name.split('/')[0]
    await write({ 'log/level': 'info' })
    const document = await readDocument(source)
    const at = (...path: readonly (string | number)[]) => document.origins?.(path, '').map((origin) => origin.at)
    const second = document.revision.name.split('/')[0]
    expect(at('db', 'max')).toEqual([`${prefix}/db/max@${first}`])
    expect(at('db', 'hosts', 1)).toEqual([`${prefix}/db/hosts@${first}`])
    expect(at('log', 'level')).toEqual([`${prefix}/log/level@${second}`])
    expect(at('db')).toEqual([`${prefix}/db/*@${document.revision.name}`])
    expect(at()).toEqual([`${prefix}/*@${document.revision.name}`])
  })
})

const fail = (): never => {
  throw new Error('no revision')
}
