import dns from 'node:dns'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { disconnect, startService, shortOrLong, newKey, sleep, useProxy } from './running-service.ts'

const NAME = 'etcd.changeover.test'

let server: EtcdServer
/** What the name resolves to; undefined if it does not exist. */
let address: string | undefined

beforeAll(async () => {
  server = await startEtcd()
  // The resolver of gRPC asks the system through this function. Everything else is real.
  const lookup = dns.promises.lookup
  vi.spyOn(dns.promises, 'lookup').mockImplementation(((name: string, options: dns.LookupAllOptions) => {
    if (name !== NAME) return lookup(name, options)
    if (address !== undefined) return Promise.resolve([{ address, family: 4 }])
    return Promise.reject(Object.assign(new Error(`getaddrinfo ENOTFOUND ${NAME}`), { code: 'ENOTFOUND' }))
  }) as typeof dns.promises.lookup)
  vi.spyOn(dns.promises, 'resolveTxt').mockRejectedValue(Object.assign(new Error('none'), { code: 'ENODATA' }))
})
afterAll(async () => {
  vi.restoreAllMocks()
  await server.stop()
})

it('A service follows a host each time its name can be resolved', async (test) => {
  const proxy = await useProxy(test, server.port)
  const { key, put } = newKey(server)
  await put(1)
  const service = startService(test, { hosts: `http://${NAME}:${proxy.port}`, key })
  await service.showsError('source.unreachable')
  expect(service.hasStarted()).toBe(false)
  address = '127.0.0.1'
  await service.serves(1)
  await service.reaches('watching')
  address = undefined
  // An open connection does not need the name.
  await put(2)
  await service.serves(2)
  await disconnect(proxy)
  await service.reaches('backing-off')
  await proxy.heal()
  await put(3)
  await sleep(shortOrLong(1_500, 30_000))
  expect(service.serving()).toBe(2)
  address = '127.0.0.1'
  await service.serves(3)
  await put(4)
  await service.serves(4)
})

it('A service finds a host whose name moves to another address', async (test) => {
  address = '127.0.0.2' // nothing listens there
  const proxy = await useProxy(test, server.port)
  const { key, put } = newKey(server)
  await put(1)
  const service = startService(test, { hosts: `http://${NAME}:${proxy.port}`, key })
  await service.showsError('source.unreachable')
  address = '127.0.0.1'
  await service.serves(1)
})
