import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { begin, disconnect, hasty, lasting, newKey, pass, until, useProxy } from './scene.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

describe.concurrent('Through a connection that fails, the newest document serves', () => {
  it('after an outage, and etcd was asked gently meanwhile', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.serves(1)
    await scene.comesTo('watching')
    await disconnect(proxy)
    await scene.names('source.unreachable')
    for (let n = 2; n <= 6; n++) await put(n)
    await pass(lasting(2_000, 30_000))
    expect(scene.serving()).toBe(1)
    await proxy.heal()
    await scene.serves(6)
    await scene.comesTo('watching')
    const states = new Set(scene.states.map(({ state }) => state))
    for (const state of ['connecting', 'watching', 're-reading', 'backing-off']) expect(states).toContain(state)
    await put(7)
    await scene.serves(7)
  })

  it('where a peer accepts and says nothing in the middle of a watch, then heals', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key, deadlines: hasty })
    await scene.comesTo('watching')
    await put(2) // by its event etcd has also answered the first question for a sign of life
    await scene.serves(2)
    proxy.blackHole()
    await scene.names('source.timeout')
    await put(3)
    await pass(lasting(1_000, 30_000))
    await proxy.heal()
    await scene.serves(3)
    await put(4)
    await scene.serves(4)
  })

  it('where a peer accepts and says nothing from the start, then heals', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    proxy.blackHole()
    const scene = begin(test, { hosts: proxy.host, key, deadlines: hasty })
    await scene.names('source.timeout')
    await pass(lasting(500, 30_000))
    expect(scene.hasStarted()).toBe(false)
    await proxy.heal()
    await scene.serves(1)
  })

  it('where it is cut each time that the watch opens, with changes before and after', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    const cuts = lasting(4, 12)
    let n = 1
    let opened = 0
    scene.hooks.onEvent = (event) => {
      if (event.kind !== 'opened' || ++opened > cuts) return
      proxy.cut()
    }
    scene.hooks.beforeWatch = async () => {
      if (opened < cuts) await put(++n)
    }
    await until(() => expect(opened).toBeGreaterThan(cuts))
    await scene.serves(n)
    await put(++n)
    await scene.serves(n)
  })

  it('where a catch-up of 5,000 revisions is cut after its first batch', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, putAll } = newKey(server)
    await put(1)
    // Between the read and the watch, so that the watch has them all to catch up on; which takes a while to write.
    const scene = begin(test, { hosts: proxy.host, key }, { deadlines: { readMs: 60_000 } })
    let isLate = true
    let cuts = 0
    scene.hooks.beforeWatch = async () => {
      if (isLate) await putAll(2, 5_001)
      isLate = false
    }
    scene.hooks.onEvent = (event) => {
      if (event.kind === 'document' && cuts++ === 0) proxy.cut()
    }
    await scene.serves(5_001)
    await until(() => expect(cuts).toBeGreaterThan(0))
    await put(5_002)
    await scene.serves(5_002)
  })

  it('where three documents of 1.4 MB were written while it was away, and while it was on its way', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.comesTo('watching')
    let isLate = true
    scene.hooks.beforeWatch = async () => {
      if (isLate) for (const n of [5, 6, 7]) await put(n, 1_400_000)
      isLate = false
    }
    await disconnect(proxy)
    for (const n of [2, 3, 4]) await put(n, 1_400_000)
    await proxy.heal()
    await scene.serves(7)
    await put(8, 1_400_000)
    await scene.serves(8)
  })

  it('where it is cut again and again while changes come and each takes long to apply', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key }, { preparing: () => pass(200) })
    await scene.serves(1)
    const rounds = lasting(12, 100)
    for (let n = 2; n <= rounds; n++) {
      await put(n)
      if (n % 3 === 0) proxy.cut()
      await pass(50)
    }
    await scene.serves(rounds)
  })
})
