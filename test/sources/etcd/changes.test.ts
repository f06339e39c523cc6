import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { startService, shortOrLong, newKey, until, useProxy, type RunningService } from './running-service.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd({ flags: ['--max-txn-ops', '10000'] })
})
afterAll(() => server.stop())

const outcomesOf = (service: RunningService): string[] => service.records.map(({ outcome }) => outcome)
const codeOf = (service: RunningService): string | undefined => {
  const last = service.records.at(-1)
  return last?.outcome === 'rejected' ? last.failures[0].code : last?.outcome
}

describe.concurrent('A service that follows a key', () => {
  it('keeps serving the last document after the key is deleted, until it is created again', async (test) => {
    const { key, put, remove } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key })
    await service.reaches('watching')
    await remove()
    await until(() => expect(codeOf(service)).toBe('document.missing'))
    expect(service.serving()).toBe(1)
    await put(1)
    await until(() => expect(codeOf(service)).toBe('unchanged'))
    await remove()
    await until(() => expect(codeOf(service)).toBe('document.missing'))
    await put(2)
    await service.serves(2)
    expect(outcomesOf(service)).toEqual(['committed', 'rejected', 'unchanged', 'rejected', 'committed'])
  })

  it('serves the new document if the key was deleted and created again during an outage', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, remove } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    await service.reaches('watching')
    await proxy.refuse()
    proxy.cut()
    await put(2)
    await remove()
    await put(3)
    await proxy.heal()
    await service.serves(3)
    expect(outcomesOf(service)).toEqual(['committed', 'committed'])
  })

  it('changes nothing when the same value is put again, and misses no later change', async (test) => {
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key })
    await service.reaches('watching')
    const again = await put(1)
    await until(() => expect(service.reloader.status().serving?.revision.name).toBe(String(again)))
    await put(2)
    await service.serves(2)
    expect(outcomesOf(service)).toEqual(['committed', 'unchanged', 'committed'])
    expect(service.reloader.status().modules.tracker?.opened).toBe(2)
  })
})

/** A prefix that only this test uses; each `write` is one transaction. */
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

describe.concurrent('A service that follows a prefix', () => {
  it('gets two keys of one transaction together, and the last state of two transactions', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 1, twin: 1 })
    const seen: string[] = []
    const parse = (text: string): unknown => {
      seen.push(text)
      return JSON.parse(text)
    }
    const service = startService(test, { hosts: server.endpoint, prefix }, { parse })
    await service.reaches('watching')
    for (let n = 2; n <= 20; n++) await write({ n, twin: n })
    await service.serves(20)
    expect(seen.filter((text) => !/^\{"n":"(\d+)","twin":"\1"\}$/.test(text))).toEqual([])
    await write({ n: 21 })
    await write({ twin: 21 })
    await until(() => expect(seen.at(-1)).toBe('{"n":"21","twin":"21"}'))
    await service.serves(21)
    service.allowedReads = 60 // a prefix is read after each change
  })

  it('takes a deleted key as a change, and the last deleted key as a missing document', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 1 })
    await write({ other: 1 })
    const service = startService(test, { hosts: server.endpoint, prefix })
    await service.serves(1)
    await write({ other: null })
    await until(() => expect(outcomesOf(service)).toEqual(['committed', 'committed']))
    expect(service.reloader.config).toEqual({ n: 1 })
    await write({ n: null })
    await until(() => expect(codeOf(service)).toBe('document.missing'))
    await write({ n: 2 })
    await service.serves(2)
  })

  it('rejects a leaf that becomes a folder, and commits the repaired document', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 1, db: 1 })
    const service = startService(test, { hosts: server.endpoint, prefix })
    await service.serves(1)
    await write({ n: 2, 'db/max': 1 })
    await until(() => expect(codeOf(service)).toBe('document.key-conflict'))
    expect(service.serving()).toBe(1)
    await write({ db: null })
    await service.serves(2)
  })

  it('gets 5,000 keys as one document, at every change and after a cut', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { prefix, write } = newPrefix()
    const names = Array.from({ length: 4_999 }, (_, at) => `folder-${at % 50}/key-${at}`)
    const all = (n: number) => ({ n, ...Object.fromEntries(names.map((name) => [name, n])) })
    await write(all(1))
    const service = startService(test, { hosts: proxy.host, prefix })
    await service.serves(1)
    await write(all(2))
    await service.serves(2)
    proxy.cut()
    await write(all(3))
    await service.serves(3)
    const { n, ...folders } = service.reloader.config as Record<string, unknown>
    const values = Object.values(folders).flatMap((folder) => Object.values(folder as object))
    expect(n).toBe(3)
    expect(values).toHaveLength(4_999)
    expect(new Set(values)).toEqual(new Set(['3']))
  })
})

// Sequential, since they print their rates.
describe('A service with 64 puts in flight', () => {
  it('applies or skips each version of a key, and serves the last one', async (test) => {
    const { key, put } = newKey(server)
    await put(0)
    const service = startService(test, { hosts: server.endpoint, key })
    await service.reaches('watching')
    const began = performance.now()
    // On a busy machine, the service may need longer for a few of them.
    const hasApplied = (): boolean => service.reloader.status().counters.committed > 3
    const isOver = (): boolean => performance.now() - began > shortOrLong(2_000, 20_000) && hasApplied()
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
    await service.serves(n)
    expect(service.reloader.status().serving?.revision.name).toBe(String(newest))
    const { committed } = service.reloader.status().counters
    const rates = [acknowledged.length, committed].map((count) => Math.round(count / seconds))
    console.log(`64 puts in flight for ${seconds.toFixed(1)} s: ${rates[0]} puts/s, ${rates[1]} commits/s`)
    expect(committed).toBeGreaterThan(2)
    expect(service.reads()).toBe(2)
  })

  it('serves the last state of a prefix, and does not queue reads', async (test) => {
    const { prefix, write } = newPrefix()
    await write({ n: 0 })
    const service = startService(test, { hosts: server.endpoint, prefix })
    await service.reaches('watching')
    const began = performance.now()
    const isOver = (): boolean => performance.now() - began > shortOrLong(2_000, 20_000)
    let n = 0
    await server.admin(async (client) => {
      const write = async (): Promise<void> => {
        while (!isOver()) await client.put(`${prefix}/n`).value(String(++n))
      }
      await Promise.all(Array.from({ length: 64 }, write))
    })
    const seconds = (performance.now() - began) / 1_000
    const reads = service.reads()
    await write({ n: ++n })
    await service.serves(n)
    const rates = [n, reads].map((count) => Math.round(count / seconds))
    console.log(`64 puts in flight to a prefix for ${seconds.toFixed(1)} s: ${rates[0]} puts/s, ${rates[1]} reads/s`)
    service.allowedReads = n // never more than there are changes
  })
})
