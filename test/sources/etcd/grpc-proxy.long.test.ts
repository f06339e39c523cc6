import { expect, it, describe, type TestContext } from 'vitest'
import type { EtcdSourceOptions } from '../../../src/sources/etcd/index.ts'
import { startGrpcProxy } from '../../support/etcd-grpc-proxy.ts'
import { newKey, startService, until, useServer, type RunningService } from './running-service.ts'

const useGrpcProxy = async (test: TestContext) => {
  const server = await useServer(test)
  const grpcProxy = await startGrpcProxy(server.endpoint)
  test.onTestFinished(() => grpcProxy.stop())
  /** Raises the revision of the store, not that of the watched keys. */
  const writeElsewhere = (times: number): Promise<void> =>
    server.admin(async (client) => {
      for (let n = 0; n < times; n++) await client.put('/elsewhere').value(n)
    })
  return { server, grpcProxy, writeElsewhere }
}

/** Starts one after the other, so that the proxy joins the later watches to the first. */
const startServices = async (
  test: TestContext,
  count: number,
  from: EtcdSourceOptions,
  between: () => Promise<void>,
) => {
  const services: RunningService[] = []
  for (let n = 0; n < count; n++) {
    const service = startService(test, from, { reconcileMs: 600_000 })
    await service.reaches('watching')
    services.push(service)
    await between()
  }
  return services
}

const allServe = (services: readonly RunningService[], n: number) =>
  Promise.all(services.map((service) => service.serves(n)))

/** With a reconcile every ten minutes, only a watch that works brings a change. */
const neverBroke = (services: readonly RunningService[]): void => {
  for (const { states } of services) expect(states.filter(({ state }) => state === 'backing-off')).toEqual([])
}

describe.concurrent('Services behind a gRPC proxy of etcd', () => {
  it('follow one key, all three of them', async (test) => {
    const { server, grpcProxy, writeElsewhere } = await useGrpcProxy(test)
    const { key, put, remove } = newKey(server)
    await put(1)
    const services = await startServices(test, 3, { hosts: grpcProxy.endpoint, key }, () => writeElsewhere(20))
    await put(2)
    await allServe(services, 2)
    await writeElsewhere(20)
    await remove()
    await put(3)
    await allServe(services, 3)
    neverBroke(services)
  })

  it('follow one prefix, all three of them', async (test) => {
    const { server, grpcProxy, writeElsewhere } = await useGrpcProxy(test)
    const put = (n: number) => server.admin(async (client) => client.put('/folder/n').value(n))
    await put(1)
    const from = { hosts: grpcProxy.endpoint, prefix: '/folder' }
    const services = await startServices(test, 3, from, () => writeElsewhere(20))
    await put(2)
    await allServe(services, 2)
    await writeElsewhere(20)
    await server.admin(async (client) => client.put('/folder/other').value('x'))
    await put(3)
    await allServe(services, 3)
    neverBroke(services)
  })

  it('join a watch that has seen a change, at a revision that lies behind theirs', async (test) => {
    const { server, grpcProxy, writeElsewhere } = await useGrpcProxy(test)
    const { key, put } = newKey(server)
    await put(1)
    const [first] = await startServices(test, 1, { hosts: grpcProxy.endpoint, key }, async () => undefined)
    await put(2)
    await first?.serves(2)
    await writeElsewhere(50)
    const others = await startServices(test, 2, { hosts: grpcProxy.endpoint, key }, () => writeElsewhere(10))
    await put(3)
    await allServe(others, 3)
    neverBroke(others)
  })

  it('serve the newest document after the proxy was restarted', async (test) => {
    const { server, grpcProxy } = await useGrpcProxy(test)
    const { key, put } = newKey(server)
    await put(1)
    const services = await startServices(test, 3, { hosts: grpcProxy.endpoint, key }, async () => undefined)
    await grpcProxy.kill()
    await put(2)
    await grpcProxy.restart()
    await allServe(services, 2)
    await put(3)
    await allServe(services, 3)
  })

  it('serve the document of a store that was wiped behind the proxy, under another lineage', async (test) => {
    const { server, grpcProxy } = await useGrpcProxy(test)
    const { key, put } = newKey(server)
    for (let n = 1; n <= 30; n++) await put(n)
    const services = await startServices(test, 3, { hosts: grpcProxy.endpoint, key }, async () => undefined)
    const lineages = () => services.map(({ reloader }) => reloader.status().serving?.revision.lineage)
    const before = lineages()
    await server.wipe()
    await put(100)
    // The watch of the proxy waits for a revision that the new store has not reached, so a read must find it.
    for (const { reloader } of services) void reloader.reload().catch(() => undefined)
    await allServe(services, 100)
    await until(() => {
      for (const [index, lineage] of lineages().entries()) expect(lineage).not.toBe(before[index])
    })
    await put(101)
    for (const { reloader } of services) await reloader.reload()
    await allServe(services, 101)
  })
})
