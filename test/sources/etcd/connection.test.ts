import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import {
  disconnect,
  startService,
  shortDeadlines,
  shortOrLong,
  newKey,
  sleep,
  until,
  useProxy,
} from './running-service.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

describe.concurrent('A service whose connection to etcd fails', () => {
  it('serves the newest document after an outage, and asks etcd at a low rate meanwhile', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    await service.serves(1)
    await service.reaches('watching')
    await disconnect(proxy)
    await service.showsError('source.unreachable')
    for (let n = 2; n <= 6; n++) await put(n)
    await sleep(shortOrLong(2_000, 30_000))
    expect(service.serving()).toBe(1)
    await proxy.heal()
    await service.serves(6)
    await service.reaches('watching')
    const states = new Set(service.states.map(({ state }) => state))
    for (const state of ['connecting', 'watching', 're-reading', 'backing-off']) expect(states).toContain(state)
    await put(7)
    await service.serves(7)
  })

  it('serves the newest document after a peer was silent in the middle of a watch', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key, deadlines: shortDeadlines })
    await service.reaches('watching')
    await put(2) // with its event, etcd has also answered the first progress request
    await service.serves(2)
    proxy.blackHole()
    await service.showsError('source.timeout')
    await put(3)
    await sleep(shortOrLong(1_000, 30_000))
    await proxy.heal()
    await service.serves(3)
    await put(4)
    await service.serves(4)
  })

  it('serves the newest document after a peer was silent from the start', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    proxy.blackHole()
    const service = startService(test, { hosts: proxy.host, key, deadlines: shortDeadlines })
    await service.showsError('source.timeout')
    await sleep(shortOrLong(500, 30_000))
    expect(service.hasStarted()).toBe(false)
    await proxy.heal()
    await service.serves(1)
  })

  it('serves the newest document if the connection is cut each time the watch opens, with changes before and after', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    const cuts = shortOrLong(4, 12)
    let n = 1
    let opened = 0
    service.hooks.onEvent = (event) => {
      if (event.kind !== 'opened' || ++opened > cuts) return
      proxy.cut()
    }
    service.hooks.beforeWatch = async () => {
      if (opened < cuts) await put(++n)
    }
    await until(() => expect(opened).toBeGreaterThan(cuts))
    await service.serves(n)
    await put(++n)
    await service.serves(n)
  })

  it('serves the newest document if a catch-up of 5,000 revisions is cut after its first batch', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, putAll } = newKey(server)
    await put(1)
    // Written between the read and the watch, so that the watch has to catch up on all. The writes take a while.
    const service = startService(test, { hosts: proxy.host, key }, { deadlines: { readMs: 60_000 } })
    let isLate = true
    let cuts = 0
    service.hooks.beforeWatch = async () => {
      if (isLate) await putAll(2, 5_001)
      isLate = false
    }
    service.hooks.onEvent = (event) => {
      if (event.kind === 'document' && cuts++ === 0) proxy.cut()
    }
    await service.serves(5_001)
    await until(() => expect(cuts).toBeGreaterThan(0))
    await put(5_002)
    await service.serves(5_002)
  })

  it('serves the newest of several documents of 1.4 MB that were written during an outage and during the reconnect', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    await service.reaches('watching')
    let isLate = true
    service.hooks.beforeWatch = async () => {
      if (isLate) for (const n of [5, 6, 7]) await put(n, 1_400_000)
      isLate = false
    }
    await disconnect(proxy)
    for (const n of [2, 3, 4]) await put(n, 1_400_000)
    await proxy.heal()
    await service.serves(7)
    await put(8, 1_400_000)
    await service.serves(8)
  })

  it('serves the newest document if the connection is cut repeatedly while slow changes are applied', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key }, { preparing: () => sleep(200) })
    await service.serves(1)
    const rounds = shortOrLong(12, 100)
    for (let n = 2; n <= rounds; n++) {
      await put(n)
      if (n % 3 === 0) proxy.cut()
      await sleep(50)
    }
    await service.serves(rounds)
  })
})
