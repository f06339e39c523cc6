import { afterAll, beforeAll, expect, it } from 'vitest'
import { MAX_ENTRIES } from '../../../../src/history/history-entry.ts'
import { NO_REVISION } from '../../../../src/history/document-store.ts'
import { etcdDocumentStore } from '../../../../src/sources/etcd/operator/etcd-document-store.ts'
import { type EtcdServer, startEtcd } from '../../../support/etcd-server.ts'
import { never } from '../../follow.ts'

let server: EtcdServer
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

/** A key with as many entries as that, the last of which is `{"n":<count>}`. */
const storeOf = async (count: number) => {
  const key = `/stored-history/${++keys}`
  const store = etcdDocumentStore({ hosts: server.endpoint, key })
  let ifRevision = NO_REVISION
  for (let n = 1; n <= count; n++) {
    const change = { text: `{"n":${n}}`, ifRevision, author: 'Ada', reason: `${n}`, action: 'publish' } as const
    const written = await store.write(change, never)
    expect(written.number).toBe(n)
    ifRevision = written.revision
  }
  return { key, store }
}

/** `count` numbers down from `newest`. */
const down = (newest: number, count: number): readonly number[] => Array.from({ length: count }, (_, at) => newest - at)

it('A history holds the newest fifty entries, and no older one', async () => {
  const count = MAX_ENTRIES + 3
  const { store } = await storeOf(count)
  const { entries, isCurrent, head } = await store.history(never, 1_000)
  expect(entries.map(({ number }) => number)).toEqual(down(count, MAX_ENTRIES))
  expect(entries.map(({ text }) => text)).toEqual(down(count, MAX_ENTRIES).map((n) => `{"n":${n}}`))
  expect([isCurrent, head?.number]).toEqual([true, count])
  const oldest = count - MAX_ENTRIES + 1
  expect((await store.entry(oldest, never))?.number).toBe(oldest)
  expect(await store.entry(oldest - 1, never)).toBeUndefined()
  await store.close()
})

it('A history is read whole or up to any limit, however many entries one answer holds', async () => {
  const { store } = await storeOf(23)
  for (const limit of [1, 9, 10, 11, 20, 22, 23, 24, 50]) {
    const { entries } = await store.history(never, limit)
    expect(entries.map(({ number }) => number)).toEqual(down(23, Math.min(limit, 23)))
  }
  expect((await store.history(never)).entries).toHaveLength(23)
  await store.close()
})

it('A history stays where other versions look for it: beside the key, with ten digits for each entry', async () => {
  const { key, store } = await storeOf(2)
  const names = await server.admin(async (client) => client.getAll().prefix(key).keys())
  expect(names.toSorted()).toEqual([
    key,
    `${key}@changeover/head`,
    `${key}@changeover/history/0000000001`,
    `${key}@changeover/history/0000000002`,
  ])
  await store.close()
})
