import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import {
  disconnect,
  startService,
  shortOrLong,
  newKey,
  sleep,
  until,
  useProxy,
  useServer,
  type RunningService,
} from './running-service.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const statesOf = (service: RunningService): string[] => service.states.map(({ state }) => state)

describe.concurrent('A service whose revisions are compacted', () => {
  it('does not notice a compaction while it is connected', async (test) => {
    const own = await useServer(test) // a compaction affects the whole store, with the keys of the other tests
    const { key, put, compact } = newKey(own)
    await put(1)
    const service = startService(test, { hosts: own.endpoint, key })
    await service.reaches('watching')
    for (let n = 2; n <= 6; n++) {
      await compact(await put(n))
      await service.serves(n)
    }
    expect(service.reads()).toBe(2)
  })

  it('serves the newest document after a compaction during an outage', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, compact } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    await service.reaches('watching')
    await disconnect(proxy)
    await put(2)
    await compact(await put(3))
    await sleep(shortOrLong(300, 30_000))
    await proxy.heal()
    await service.serves(3)
    await put(4)
    await service.serves(4)
  })

  it('reads again at once after a compaction between its read and its watch', async (test) => {
    const { key, put, compact } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: server.endpoint, key })
    let rounds = 2
    let n = 1
    service.hooks.beforeWatch = async () => {
      if (rounds-- <= 0) return
      await put(++n)
      await compact(await put(++n))
    }
    // The first compaction causes a read at once, the second one a back-off.
    await until(() => expect(statesOf(service)).toEqual(expect.arrayContaining(['compacted', 'backing-off'])))
    expect(service.states.map(({ cause }) => cause)).toContain('source.compacted')
    await service.serves(5)
    await put(6)
    await service.serves(6)
  })

  it('serves the newest document if events that it was too slow to receive are compacted', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, compact } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    await service.reaches('watching')
    proxy.blackHole()
    // More than sockets can buffer, so that etcd has to keep the events.
    let revision = 0
    for (let n = 2; n <= 21; n++) revision = await put(n, 500_000)
    await compact(revision)
    await proxy.heal()
    await service.serves(21)
    await put(22)
    await service.serves(22)
    await until(() => expect(service.reloader.status().inSync).toBe(true))
  })
})
