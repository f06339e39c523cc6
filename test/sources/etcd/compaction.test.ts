import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { begin, disconnect, lasting, newKey, pass, until, useProxy, useServer, type Scene } from './scene.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const statesOf = (scene: Scene): string[] => scene.states.map(({ state }) => state)

describe.concurrent('Through a compaction the newest document serves', () => {
  it('while it is connected: the watch does not notice', async (test) => {
    const own = await useServer(test) // a compaction is of the whole store, the other tests' keys included
    const { key, put, compact } = newKey(own)
    await put(1)
    const scene = begin(test, { hosts: own.endpoint, key })
    await scene.comesTo('watching')
    for (let n = 2; n <= 6; n++) {
      await compact(await put(n))
      await scene.serves(n)
    }
    expect(scene.reads()).toBe(2)
  })

  it('while it is disconnected', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, compact } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.comesTo('watching')
    await disconnect(proxy)
    await put(2)
    await compact(await put(3))
    await pass(lasting(300, 30_000))
    await proxy.heal()
    await scene.serves(3)
    await put(4)
    await scene.serves(4)
  })

  it('between its read and its watch: compacted, then read again at once', async (test) => {
    const { key, put, compact } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: server.endpoint, key })
    let rounds = 2
    let n = 1
    scene.hooks.beforeWatch = async () => {
      if (rounds-- <= 0) return
      await put(++n)
      await compact(await put(++n))
    }
    // The first is made good at once; one right after the other rests for a moment.
    await until(() => expect(statesOf(scene)).toEqual(expect.arrayContaining(['compacted', 'backing-off'])))
    expect(scene.states.map(({ cause }) => cause)).toContain('source.compacted')
    await scene.serves(5)
    await put(6)
    await scene.serves(6)
  })

  it('while it is so slow that what it has not been told yet is gone', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put, compact } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    await scene.comesTo('watching')
    proxy.blackHole()
    // More than sockets hold, so that etcd itself has to keep what it cannot tell.
    let revision = 0
    for (let n = 2; n <= 21; n++) revision = await put(n, 500_000)
    await compact(revision)
    await proxy.heal()
    await scene.serves(21)
    await put(22)
    await scene.serves(22)
    await until(() => expect(scene.reloader.status().inSync).toBe(true))
  })
})
