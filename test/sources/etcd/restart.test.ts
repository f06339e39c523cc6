import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { isNewer } from '../../../src/model/revision.ts'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { exchange, follow, never, readDocument, SOON, textOf } from '../../support/etcd-world.ts'
import { startProxy, type TcpProxy } from '../../support/tcp-proxy.ts'

const key = '/restart'
const deadlines = { callMs: 3_000, openMs: 3_000, silenceMs: 500, answerMs: 3_000 }

let server: EtcdServer
let proxy: TcpProxy
let source: Source

const put = (text: string): Promise<unknown> => server.admin(async (client) => client.put(key).value(text))
const reads = (text: string): Promise<void> =>
  vi.waitFor(async () => expect(textOf(await source.read(never).catch(() => undefined))).toBe(text), SOON)

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())
beforeEach(async () => {
  proxy = await startProxy(server.port)
  source = etcdSource({ hosts: `http://127.0.0.1:${proxy.port}`, key, deadlines })
  await put('{"n":1}')
})
afterEach(async () => {
  await source.close?.()
  await proxy.close()
})

describe('A server that is stopped', () => {
  it('is noticed by an open watch when it freezes, and found again when it goes on', async () => {
    const watched = await follow(source, (await readDocument(source)).revision)
    await exchange(watched, put)
    server.pause()
    try {
      await vi.waitFor(() => expect(watched.code()).toBe('source.timeout'), SOON)
    } finally {
      server.resume()
    }
    await reads('{"beat":2}')
  })

  it('keeps its lineage through a kill and a restart', async () => {
    const before = await readDocument(source)
    const watched = await follow(source, before.revision)
    await server.restart()
    await vi.waitFor(() => expect(watched.code()).toBe('source.unreachable'), SOON)
    await reads('{"n":1}')
    const after = await readDocument(source)
    expect(after.revision.lineage).toBe(before.revision.lineage)
    expect(isNewer(after.revision, before.revision)).toBe(false)
  })

  it('and wiped has a new lineage, though the cluster id is the old one and its revisions are lower', async () => {
    for (let n = 2; n < 10; n++) await put(`{"n":${n}}`)
    const before = await readDocument(source)
    const stale = await follow(source, before.revision)
    await server.wipe()
    await vi.waitFor(() => expect(stale.code()).toBeDefined(), SOON)
    await put('{"n":"new"}')
    // A watch that asks for revisions which the new store has not reached would wait for ever.
    const late = await follow(source, before.revision, { opened: false })
    await vi.waitFor(() => expect(late.code()).toBe('source.closed'), SOON)
    await reads('{"n":"new"}')
    const after = await readDocument(source)
    expect(after.revision.order).toBeLessThan(before.revision.order)
    expect(after.revision.lineage.split('/')[0]).toBe(before.revision.lineage.split('/')[0])
    expect(isNewer(after.revision, before.revision)).toBe(true)
    const again = await follow(source, after.revision)
    await put('{"n":"newer"}')
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":"newer"}']), SOON)
    await again.stop()
  })

  it('is told apart from another cluster that answers at its address', async () => {
    const other = await startEtcd()
    try {
      const before = await readDocument(source)
      const watched = await follow(source, before.revision)
      await other.admin(async (client) => {
        for (let n = 0; n < 20 + before.revision.order; n++) await client.put(key).value('{"n":"other"}')
      })
      proxy.retarget(other.port)
      proxy.cut()
      await vi.waitFor(() => expect(watched.code()).toBeDefined(), SOON)
      const late = await follow(source, before.revision, { opened: false })
      await vi.waitFor(() => expect(late.code()).toBe('source.closed'), SOON)
      await reads('{"n":"other"}')
      expect((await readDocument(source)).revision.lineage).not.toBe(before.revision.lineage)
    } finally {
      await other.stop()
    }
  })
})
