import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { codeOf, never } from '../follow.ts'
import { disconnect, startService, newKey, sleep, until, useProxy } from './running-service.ts'

let server: EtcdServer

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

describe.concurrent('The etcd source', () => {
  it('leaves no connection open after reads that a silent peer did not answer', async (test) => {
    let open = 0
    let accepted = 0
    const silent = createServer((socket) => {
      accepted += 1
      open += 1
      socket.on('error', () => undefined).on('close', () => open--)
      socket.resume() // it must read, to notice that the other end closes
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

  it('leaves no connection open after refused reads, once the server is back', async (test) => {
    const proxy = await useProxy(test, server.port)
    await proxy.refuse()
    const source = etcdSource({ hosts: proxy.host, key: 'k' })
    for (let reads = 1; reads <= 5; reads++) expect(await codeOf(source.read(never))).toBe('source.unreachable')
    await proxy.heal()
    await sleep(2_000) // until gRPC has tried once more for each of them
    await until(() => expect(proxy.open()).toBe(0))
    expect((await source.read(never)).kind).toBe('missing')
    await source.close?.()
    await until(() => expect(proxy.open()).toBe(0))
  })

  it('leaves open only the connections that it needs after many outages', async (test) => {
    const proxy = await useProxy(test, server.port)
    const { key, put } = newKey(server)
    await put(1)
    const service = startService(test, { hosts: proxy.host, key })
    for (let n = 2; n <= 5; n++) {
      await service.reaches('watching')
      await disconnect(proxy)
      await service.reaches('backing-off')
      await put(n)
      await proxy.heal()
      await service.serves(n)
    }
    await service.reaches('watching')
    await sleep(2_000)
    // One for the watch and one for reads.
    await until(() => expect(proxy.open()).toBeLessThanOrEqual(2))
    await service.reloader.close()
    await until(() => expect(proxy.open()).toBe(0))
  })
})
