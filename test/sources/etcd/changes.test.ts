import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { begin, lasting, newKey, until, useProxy, type Scene } from './scene.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd({ flags: ['--max-txn-ops', '10000'] })
})
afterAll(() => server.stop())

const outcomesOf = (scene: Scene): string[] => scene.records.map(({ outcome }) => outcome)
const codeOf = (scene: Scene): string | undefined => {
  const last = scene.records.at(-1)
  return last?.outcome === 'rejected' ? last.failures[0].code : last?.outcome
}

describe.concurrent('Of a key', () => {
  it('that is deleted the last document goes on serving, until it is created again', async (test) => {
    const { key, put, remove } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key })
    await scene.comesTo('watching')
    await remove()
    await until(() => expect(codeOf(scene)).toBe('document.missing'))
    expect(scene.serving()).toBe(1)
    await put(1)
    await until(() => expect(codeOf(scene)).toBe('unchanged'))
    await remove()
    await until(() => expect(codeOf(scene)).toBe('document.missing'))
    await put(2)
    await scene.serves(2)
    expect(outcomesOf(scene)).toEqual(['committed', 'rejected', 'unchanged', 'rejected', 'committed'])
  })

  it('that was deleted and created again while away, the new document serves', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, remove } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.comesTo('watching')
    await proxy.refuse()
    proxy.cut()
    await put(2)
    await remove()
    await put(3)
    await proxy.heal()
    await scene.serves(3)
    expect(outcomesOf(scene)).toEqual(['committed', 'committed'])
  })

  it('the same value put again changes nothing, and what comes after it is not missed', async (test) => {
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key })
    await scene.comesTo('watching')
    const again = await put(1)
    await until(() => expect(scene.reloader.status().serving?.revision.name).toBe(String(again)))
    await put(2)
    await scene.serves(2)
    expect(outcomesOf(scene)).toEqual(['committed', 'unchanged', 'committed'])
    expect(scene.reloader.status().modules.tracker?.opened).toBe(2)
  })
})

/** Keys of a prefix, changed in one transaction each. */
const newPrefix = () => {
  const { key: prefix } = newKey(server)
  const write = (changes: Readonly<Record<string, number | string | null>>): Promise<unknown> =>
    server.admin(async (client) => {
      const success = Object.entries(changes).map(([name, value]) => {
        const key = Buffer.from(`${prefix}/${name}`)
        return value === null
          ? { request_delete_range: { key } }
          : { request_put: { key, value: Buffer.from(String(value)) } }
      })
      return client.kv.txn({ success })
    })
  return { prefix, write }
}

describe.concurrent('Of a prefix', () => {
  it('two keys of one transaction come together; of two transactions the last state comes', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 1, twin: 1 })
    const seen: string[] = []
    const parse = (text: string): unknown => {
      seen.push(text)
      return JSON.parse(text)
    }
    const scene = begin(test, { hosts: server.endpoint, prefix }, { parse })
    await scene.comesTo('watching')
    for (let n = 2; n <= 20; n++) await write({ n, twin: n })
    await scene.serves(20)
    expect(seen.filter((text) => !/^\{"n":"(\d+)","twin":"\1"\}$/.test(text))).toEqual([])
    await write({ n: 21 })
    await write({ twin: 21 })
    await until(() => expect(seen.at(-1)).toBe('{"n":"21","twin":"21"}'))
    await scene.serves(21)
    scene.allowedReads = 60 // a prefix is read after each change
  })

  it('a deleted key is a change, the newest one too; with the last one the document is missing', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 1 })
    await write({ other: 1 })
    const scene = begin(test, { hosts: server.endpoint, prefix })
    await scene.serves(1)
    await write({ other: null })
    await until(() => expect(outcomesOf(scene)).toEqual(['committed', 'committed']))
    expect(scene.reloader.config).toEqual({ n: 1 })
    await write({ n: null })
    await until(() => expect(codeOf(scene)).toBe('document.missing'))
    await write({ n: 2 })
    await scene.serves(2)
  })

  it('a leaf that becomes a folder is rejected, what served goes on, and a repair is taken', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 1, db: 1 })
    const scene = begin(test, { hosts: server.endpoint, prefix })
    await scene.serves(1)
    await write({ n: 2, 'db/max': 1 })
    await until(() => expect(codeOf(scene)).toBe('document.key-conflict'))
    expect(scene.serving()).toBe(1)
    await write({ db: null })
    await scene.serves(2)
  })

  it('5,000 keys are one document, at every change and after a cut', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { prefix, write } = newPrefix()
    const names = Array.from({ length: 4_999 }, (_, at) => `folder-${at % 50}/key-${at}`)
    const all = (n: number) => ({ n, ...Object.fromEntries(names.map((name) => [name, n])) })
    await write(all(1))
    const scene = begin(test, { hosts: proxy.host, prefix })
    await scene.serves(1)
    await write(all(2))
    await scene.serves(2)
    proxy.cut()
    await write(all(3))
    await scene.serves(3)
    const { n, ...folders } = scene.reloader.config as Record<string, unknown>
    const values = Object.values(folders).flatMap((folder) => Object.values(folder as object))
    expect(n).toBe(3)
    expect(values).toHaveLength(4_999)
    expect(new Set(values)).toEqual(new Set(['3']))
  })
})

// One after the other, since their rates are told.
describe('With 64 puts in flight', () => {
  it('to a key each version is applied or overtaken by a newer one, and the last one serves', async (test) => {
    const { key, put } = newKey(server)
    await put(0)
    const scene = begin(test, { hosts: server.endpoint, key })
    await scene.comesTo('watching')
    const began = performance.now()
    const isOver = (): boolean => performance.now() - began > lasting(2_000, 20_000)
    const acknowledged: number[] = []
    let n = 0
    await server.admin(async (client) => {
      const write = async (): Promise<void> => {
        while (!isOver()) {
          const own = ++n
          await client.put(key).value(JSON.stringify({ n: own }))
          acknowledged.push(own)
        }
      }
      await Promise.all(Array.from({ length: 64 }, write))
    })
    const seconds = (performance.now() - began) / 1_000
    const newest = await put(++n)
    await scene.serves(n)
    expect(scene.reloader.status().serving?.revision.name).toBe(String(newest))
    const { committed } = scene.reloader.status().counters
    const rates = [acknowledged.length, committed].map((count) => Math.round(count / seconds))
    console.log(`64 puts in flight for ${seconds.toFixed(1)} s: ${rates[0]} puts/s, ${rates[1]} commits/s`)
    expect(committed).toBeGreaterThan(2)
    expect(scene.reads()).toBe(2)
  })

  it('to a prefix the last state serves, and reads do not pile up', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 0 })
    const scene = begin(test, { hosts: server.endpoint, prefix })
    await scene.comesTo('watching')
    const began = performance.now()
    const isOver = (): boolean => performance.now() - began > lasting(2_000, 20_000)
    let n = 0
    await server.admin(async (client) => {
      const write = async (): Promise<void> => {
        while (!isOver()) await client.put(`${prefix}/n`).value(String(++n))
      }
      await Promise.all(Array.from({ length: 64 }, write))
    })
    const seconds = (performance.now() - began) / 1_000
    const reads = scene.reads()
    await write({ n: ++n })
    await scene.serves(n)
    const rates = [n, reads].map((count) => Math.round(count / seconds))
    console.log(`64 puts in flight to a prefix for ${seconds.toFixed(1)} s: ${rates[0]} puts/s, ${rates[1]} reads/s`)
    scene.allowedReads = n // one at a time, and never more than there are changes
  })
})
