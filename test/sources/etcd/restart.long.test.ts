import { describe, expect, it, vi } from 'vitest'
import { isNewer } from '../../../src/model/revision.ts'
import { startEtcd } from '../../support/etcd-server.ts'
import { follow, followOpened, readDocument, SOON } from '../follow.ts'
import { useProxiedSource } from './proxied-source.ts'

const etcd = useProxiedSource()

describe('A server that is stopped', () => {
  it('breaks an open watch when it freezes, and is read again when it continues', async () => {
    const watched = await followOpened(etcd.source, (await readDocument(etcd.source)).revision)
    await etcd.warmUp(watched)
    etcd.server.pause()
    try {
      await vi.waitFor(() => expect(watched.code()).toBe('source.timeout'), SOON)
    } finally {
      etcd.server.resume()
    }
    await etcd.reads('{"beat":2}')
  })

  it('keeps its lineage through a kill and a restart', async () => {
    const before = await readDocument(etcd.source)
    const watched = await followOpened(etcd.source, before.revision)
    await etcd.server.restart()
    await vi.waitFor(() => expect(watched.code()).toBe('source.unreachable'), SOON)
    await etcd.reads('{"n":1}')
    const after = await readDocument(etcd.source)
    expect(after.revision.lineage).toBe(before.revision.lineage)
    expect(isNewer(after.revision, before.revision)).toBe(false)
  })

  it('has a new lineage after it is wiped, although its cluster id is the same and its revisions are lower', async () => {
    for (let n = 2; n < 10; n++) await etcd.put(`{"n":${n}}`)
    const before = await readDocument(etcd.source)
    const stale = await followOpened(etcd.source, before.revision)
    await etcd.server.wipe()
    await vi.waitFor(() => expect(stale.code()).toBeDefined(), SOON)
    await etcd.put('{"n":"new"}')
    // A watch for revisions that the new store has not reached would wait forever.
    const late = follow(etcd.source, before.revision)
    await vi.waitFor(() => expect(late.code()).toBe('source.closed'), SOON)
    await etcd.reads('{"n":"new"}')
    const after = await readDocument(etcd.source)
    expect(after.revision.order).toBeLessThan(before.revision.order)
    expect(after.revision.lineage.split('/')[0]).toBe(before.revision.lineage.split('/')[0])
    expect(isNewer(after.revision, before.revision)).toBe(true)
    const again = await followOpened(etcd.source, after.revision)
    await etcd.put('{"n":"newer"}')
    await vi.waitFor(() => expect(again.texts()).toEqual(['{"n":"newer"}']), SOON)
    await again.stop()
  })

  it('is distinguished from another cluster that answers at its address', async () => {
    const other = await startEtcd()
    try {
      const before = await readDocument(etcd.source)
      const watched = await followOpened(etcd.source, before.revision)
      await other.admin(async (client) => {
        for (let n = 0; n < 20 + before.revision.order; n++) await client.put(etcd.key).value('{"n":"other"}')
      })
      etcd.proxy.retarget(other.port)
      etcd.proxy.cut()
      await vi.waitFor(() => expect(watched.code()).toBeDefined(), SOON)
      const late = follow(etcd.source, before.revision)
      await vi.waitFor(() => expect(late.code()).toBe('source.closed'), SOON)
      await etcd.reads('{"n":"other"}')
      expect((await readDocument(etcd.source)).revision.lineage).not.toBe(before.revision.lineage)
    } finally {
      await other.stop()
    }
  })
})
