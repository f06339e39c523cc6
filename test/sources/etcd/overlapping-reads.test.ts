import type { IRangeRequest, IRangeResponse } from 'etcd3'
import { expect, it } from 'vitest'
import type { ReadResult } from '../../../src/api/source.ts'
import type { Cluster } from '../../../src/sources/etcd/connection/failover.ts'
import { LineageTracker } from '../../../src/sources/etcd/connection/lineage.ts'
import { resolveSettings } from '../../../src/sources/etcd/connection/settings.ts'
import type { Target } from '../../../src/sources/etcd/options.ts'
import { readTarget } from '../../../src/sources/etcd/read-target.ts'
import { never } from '../follow.ts'

type Answer = (error: null, response: IRangeResponse) => void

/** A cluster whose calls are answered by the test, in any order. */
const scripted = () => {
  const calls: { readonly request: IRangeRequest; readonly answer: Answer }[] = []
  const kv = {
    range: (request: IRangeRequest, _: unknown, answer: Answer) => {
      calls.push({ request, answer })
      return { cancel: () => {} }
    },
  }
  const connection = { token: undefined, stub: async () => kv, metadata: async () => ({ set: () => {} }) }
  const pool = { acquire: async () => connection, release: () => {}, retire: () => {} }
  const settings = resolveSettings({ hosts: '127.0.0.1:1' })
  const lineages = new LineageTracker()
  const cluster = { settings, pool, lineages, auth: undefined, closed: never } as unknown as Cluster
  /** Waits until the calls are made, and takes them in their order. */
  const take = async (count: number) => {
    while (calls.length < count) await new Promise(setImmediate)
    return calls.splice(0)
  }
  return { read: (target: Target): Promise<ReadResult> => readTarget(cluster, target, never), take }
}

const KEY = { kind: 'key', key: Buffer.from('/a/x') } as const
const PREFIX = { kind: 'prefix', key: Buffer.from('/a/'), end: Buffer.from('/a0'), values: 'json' } as const
const targets: readonly Target[] = [KEY, PREFIX as unknown as Target]

const responseAt = (revision: number, name = '/a/x', more = false): IRangeResponse =>
  ({
    header: { cluster_id: '7', member_id: '1', revision: `${revision}`, raft_term: '2' },
    kvs: [{ key: Buffer.from(name), value: Buffer.from('1'), mod_revision: '3' }],
    more,
    count: more ? '2' : '1',
  }) as unknown as IRangeResponse

it.each(targets)(
  'Of two reads of a $kind that overlap, the older answer may come last, and the store stays the same',
  async (target) => {
    const { read, take } = scripted()
    const first = read(target)
    for (const { answer } of await take(1)) answer(null, responseAt(4))
    const { lineage } = (await first).revision
    const [slow, quick] = [read(target), read(target)]
    const [ofSlow, ofQuick] = await take(2)
    ofQuick?.answer(null, responseAt(9))
    expect((await quick).revision.lineage).toBe(lineage)
    ofSlow?.answer(null, responseAt(5))
    expect((await slow).revision.lineage).toBe(lineage)
  },
)

it.each(targets)(
  'An answer about a $kind that is older than one before its request is that of another store',
  async (target) => {
    const { read, take } = scripted()
    const first = read(target)
    for (const { answer } of await take(1)) answer(null, responseAt(9))
    const { lineage } = (await first).revision
    const second = read(target)
    for (const { answer } of await take(1)) answer(null, responseAt(5))
    expect((await second).revision.lineage).not.toBe(lineage)
  },
)

it('A store that is replaced between two pages of a prefix ends the read', async () => {
  const { read, take } = scripted()
  const reading = read(PREFIX as unknown as Target)
  const failed = expect(reading).rejects.toMatchObject({ code: 'source.closed' })
  for (const { answer } of await take(1)) answer(null, responseAt(9, '/a/x', true))
  for (const { answer } of await take(1)) answer(null, responseAt(5, '/a/y'))
  await failed
})

it('A page that comes after the answer to another read has its own place in the same store', async () => {
  const { read, take } = scripted()
  const paged = read(PREFIX as unknown as Target)
  for (const { answer } of await take(1)) answer(null, responseAt(9, '/a/x', true))
  const [next] = await take(1)
  const other = read(KEY)
  for (const { answer } of await take(1)) answer(null, responseAt(12))
  const { lineage } = (await other).revision
  next?.answer(null, responseAt(12, '/a/y'))
  expect(await paged).toMatchObject({ kind: 'document', revision: { lineage, order: 9 } })
})
