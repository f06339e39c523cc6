import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { FleetStore } from '../../src/fleet/fleet-store.ts'
import { openFleetStore } from '../../src/sources/etcd/operator/open-fleet-store.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { ModelFleet } from './model-fleet.ts'

let server: EtcdServer
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const never = new AbortController().signal
const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 25_000, interval: 30 })

const stores: readonly (readonly [string, () => FleetStore])[] = [
  ['etcd', () => openFleetStore({ hosts: server.endpoint, key: `/contract/${++keys}` })],
  ['its model', () => new ModelFleet().store()],
]

describe.each(stores)('What a fleet keeps in %s', (_, open) => {
  it('is written as a whole, or not at all', async () => {
    const store = open()
    const first = await store.write({ expect: { 'a/1': '0' }, put: { 'a/1': 'one', 'b/1': 'two' } }, never)
    expect(first).toBeDefined()
    expect(await store.write({ expect: { 'a/1': '0' }, put: { 'a/1': 'x', 'b/1': 'x' } }, never)).toBeUndefined()
    const listing = await store.list('a/', never)
    expect(listing.entries).toEqual([{ name: 'a/1', text: 'one', revision: first }])
    expect(listing.document).toBe('0')
    const second = await store.write({ expect: { 'a/1': String(first) }, put: { 'a/1': 'x' }, remove: ['b/1'] }, never)
    expect(Number(second)).toBeGreaterThan(Number(first))
    expect((await store.list('b/', never)).entries).toEqual([])
    store.close()
  })

  it('is listed in the order of the names', async () => {
    const store = open()
    await store.write({ expect: {}, put: { 'a/2': '2', 'a/10': '10', 'a/1': '1', 'ab/1': 'no' } }, never)
    expect((await store.list('a/', never)).entries.map(({ text }) => text)).toEqual(['1', '10', '2'])
    store.close()
  })

  it('ends with its lease', async () => {
    const store = open()
    const lease = await store.grant(60_000, never)
    await store.write({ expect: {}, put: { 'a/1': 'one' }, lease }, never)
    await store.write({ expect: {}, put: { 'a/2': 'two' } }, never)
    expect(await store.renew(lease, never)).toBe(true)
    await store.revoke(lease, never)
    expect((await store.list('a/', never)).entries.map(({ name }) => name)).toEqual(['a/2'])
    expect(await store.renew(lease, never)).toBe(false)
    expect(await store.write({ expect: {}, put: { 'a/3': 'three' }, lease }, never)).toBeUndefined()
    await store.revoke(lease, never)
    store.close()
  })

  it('ends when its lease is not renewed', async () => {
    const store = open()
    const lease = await store.grant(2_000, never)
    await store.write({ expect: {}, put: { 'a/1': 'one' }, lease }, never)
    await until(async () => expect((await store.list('a/', never)).entries).toEqual([]))
    expect(await store.renew(lease, never)).toBe(false)
    store.close()
  })

  it('is watched folder by folder, from the moment at which the watch is open', async () => {
    const store = open()
    const ended = new AbortController()
    const seen: number[] = []
    const watching = (async () => {
      for await (const _ of store.watch('a/', ended.signal)) seen.push((await store.list('a/', never)).entries.length)
    })()
    await until(() => expect(seen).toEqual([0]))
    await store.write({ expect: {}, put: { 'b/1': 'no' } }, never)
    await store.write({ expect: {}, put: { 'a/1': 'one' } }, never)
    await until(() => expect(seen.at(-1)).toBe(1))
    await store.write({ expect: {}, put: { 'a/2': 'two' } }, never)
    await until(() => expect(seen.at(-1)).toBe(2))
    ended.abort()
    await watching
    store.close()
  })
})
