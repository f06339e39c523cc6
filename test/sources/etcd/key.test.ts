import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { isNewer } from '../../../src/model/revision.ts'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { follow, followOpened, never, readDocument, SOON, textOf } from '../follow.ts'

let server: EtcdServer
let source: Source
let key = ''
let keys = 0

const put = (text: string, to = key): Promise<string> =>
  server.admin(async (client) => (await client.put(to).value(text)).header.revision)
const remove = (): Promise<unknown> => server.admin(async (client) => client.delete().key(key))

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())
beforeEach(() => {
  key = `/key/${++keys}`
  source = etcdSource({ hosts: server.endpoint, key })
})
afterEach(() => source.close?.())

describe('The revision of a key', () => {
  it('is named by its mod_revision and ordered by the revision of the store', async () => {
    const modRevision = await put('{"n":1}')
    const storeRevision = await put('something else', '/elsewhere')
    const { revision } = await readDocument(source)
    expect(revision.name).toBe(modRevision)
    expect(revision.order).toBe(Number(storeRevision))
    expect(revision.lineage).toMatch(/^\d+\/0$/)
  })

  it('is newer when the same value is put again', async () => {
    await put('{"n":1}')
    const first = await readDocument(source)
    await put('{"n":1}')
    const second = await readDocument(source)
    expect(isNewer(second.revision, first.revision)).toBe(true)
  })

  it('rises when the key is deleted and created again, although the version of the key restarts', async () => {
    await put('{"n":1}')
    const first = await source.read(never)
    await remove()
    const gone = await source.read(never)
    await put('{"n":1}')
    const again = await source.read(never)
    expect([first.kind, gone.kind, again.kind]).toEqual(['document', 'missing', 'document'])
    expect(isNewer(gone.revision, first.revision)).toBe(true)
    expect(isNewer(again.revision, gone.revision)).toBe(true)
  })

  it('stays the same while only other keys change', async () => {
    await put('{"n":1}')
    const first = await readDocument(source)
    await put('x', '/elsewhere')
    const second = await readDocument(source)
    expect(second.revision.order).toBeGreaterThan(first.revision.order)
    expect(isNewer(second.revision, first.revision)).toBe(false)
  })
})

describe('The watch of a key', () => {
  it('reports each put with its own revision, even of the same value', async () => {
    await put('{"n":1}')
    const watched = await followOpened(source, (await readDocument(source)).revision)
    for (const text of ['{"n":2}', '{"n":2}']) {
      const name = await put(text)
      await vi.waitFor(() => {
        const last = watched.events.at(-1)
        expect(last).toMatchObject({ kind: 'document', revision: { name, order: Number(name) } })
      }, SOON)
    }
    await watched.stop()
    expect(watched.texts()).toEqual(['{"n":2}', '{"n":2}'])
  })

  it('reports a delete as missing, with the revision of the delete', async () => {
    await put('{"n":1}')
    const watched = await followOpened(source, (await readDocument(source)).revision)
    await remove()
    await vi.waitFor(() => expect(watched.events.at(-1)?.kind).toBe('missing'), SOON)
    const reported = watched.events.at(-1)
    const found = await source.read(never)
    expect(reported).toMatchObject({ kind: 'missing', revision: { name: '0', order: found.revision.order } })
    await watched.stop()
  })

  it('reports the last event of each response when it catches up on many', async () => {
    await put('{"n":0}')
    const { revision } = await readDocument(source)
    await server.admin(async (client) => {
      for (let n = 1; n <= 300; n++) await client.put(key).value(`{"n":${n}}`)
    })
    const watched = await followOpened(source, revision)
    await vi.waitFor(() => expect(watched.texts().at(-1)).toBe('{"n":300}'), SOON)
    expect(watched.texts().length).toBeLessThan(300)
    await watched.stop()
  })

  it('catches up on documents of 1.4 MB, which together are too large for one gRPC message', async () => {
    await put('{}')
    const { revision } = await readDocument(source)
    const texts = ['a', 'b', 'c'].map((letter) => JSON.stringify(letter.repeat(1_400_000)))
    for (const text of texts) await put(text)
    const watched = await followOpened(source, revision)
    await vi.waitFor(() => expect(watched.texts().at(-1) === texts[2]).toBe(true), SOON)
    await watched.stop()
  })

  it('ignores the keys next to its own', async () => {
    await put('{"n":1}')
    const watched = await followOpened(source, (await readDocument(source)).revision)
    await put('x', `${key}/below`)
    await put('x', `${key}0`)
    await put('{"n":2}')
    await vi.waitFor(() => expect(watched.texts()).toEqual(['{"n":2}']), SOON)
    await watched.stop()
  })

  it('breaks with source.compacted at once if the requested revisions are gone, and a new read continues', async () => {
    await put('{"n":1}')
    const { revision } = await readDocument(source)
    await put('{"n":2}')
    const newest = await put('{"n":3}')
    await server.admin(async (client) => client.kv.compact({ revision: newest, physical: true }))
    const watched = follow(source, revision)
    await vi.waitFor(() => expect(watched.outcome()).toBeDefined(), SOON)
    expect(watched.code()).toBe('source.compacted')
    const found = await readDocument(source)
    expect(textOf(found)).toBe('{"n":3}')
    await (await followOpened(source, found.revision)).stop()
  })
})

describe('etcdSource', () => {
  it('prepends the namespace to the key', async () => {
    await put('{"n":1}')
    const spaced = etcdSource({ hosts: server.endpoint, namespace: '/key/', key: key.slice('/key/'.length) })
    expect(textOf(await readDocument(spaced))).toBe('{"n":1}')
    expect(spaced.endpoint).toBe(`${server.endpoint} ${key}`)
    await spaced.close?.()
  })

  it.each([
    ['no hosts', { hosts: [], key: 'k' }],
    ['a host with a password in it', { hosts: 'http://user:secret@localhost:2379', key: 'k' }],
    ['a host with a path', { hosts: 'http://localhost:2379/v3', key: 'k' }],
    ['two schemes', { hosts: ['http://a:1', 'https://b:1'], key: 'k' }],
    ['an empty key', { hosts: 'a', key: '' }],
    ['a deadline that a timer cannot hold', { hosts: 'a', key: 'k', deadlines: { callMs: 2 ** 31 } }],
    ['a deadline of NaN', { hosts: 'a', key: 'k', deadlines: { openMs: Number.NaN } }],
    ['a CA that is not PEM', { hosts: 'a', key: 'k', credentials: { rootCertificate: Buffer.from('secret') } }],
  ])('refuses %s', (_, options) => {
    expect(() => etcdSource(options)).toThrow(/^reloader\.invalid-option/)
    expect(() => etcdSource(options)).not.toThrow(/secret/)
  })
})
