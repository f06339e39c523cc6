import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, never } from '../../support/etcd-world.ts'
import { begin, disconnect, newKey, pass, until, useProxy } from './scene.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

describe.concurrent('No connection is left behind', () => {
  it('by reads that a silent peer has kept waiting', async (test) => {
    let open = 0
    let accepted = 0
    const silent = createServer((socket) => {
      accepted += 1
      open += 1
      socket.on('error', () => undefined).on('close', () => open--)
      socket.resume() // it listens, as its end of the connection must to see the other end go
    })
    await once(silent.listen(0, '127.0.0.1'), 'listening')
    test.onTestFinished(() => void silent.close())
    const { port } = silent.address() as AddressInfo
    const source = etcdSource({ hosts: `http://127.0.0.1:${port}`, key: 'k', deadlines: { callMs: 200 } })
    for (let reads = 1; reads <= 5; reads++) expect(await codeOf(source.read(never))).toBe('source.timeout')
    expect(accepted).toBeGreaterThan(3)
    await until(() => expect(open).toBe(0))
    await source.close?.()
  })

  it('by reads that were refused, when the server is there again', async (test) => {
    const proxy = await useProxy(test, server.port)
    await proxy.refuse()
    const source = etcdSource({ hosts: proxy.host, key: 'k' })
    for (let reads = 1; reads <= 5; reads++) expect(await codeOf(source.read(never))).toBe('source.unreachable')
    await proxy.heal()
    await pass(2_000) // gRPC has then tried once more for each of them
    await until(() => expect(proxy.open()).toBe(0))
    expect((await source.read(never)).kind).toBe('missing')
    await source.close?.()
    await until(() => expect(proxy.open()).toBe(0))
  })

  it('by a service that has seen many outages, but those it needs', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const scene = begin(test, { hosts: proxy.host, key })
    for (let n = 2; n <= 5; n++) {
      await scene.comesTo('watching')
      await disconnect(proxy)
      await scene.comesTo('backing-off')
      await put(n)
      await proxy.heal()
      await scene.serves(n)
    }
    await scene.comesTo('watching')
    await pass(2_000)
    // One for the watch, one for reads.
    await until(() => expect(proxy.open()).toBeLessThanOrEqual(2))
    await scene.reloader.close()
    await until(() => expect(proxy.open()).toBe(0))
  })
})
