import dns from 'node:dns'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { begin, disconnect, lasting, newKey, pass, useProxy } from './scene.ts'

const NAME = 'etcd.changeover.test'

let server: EtcdServer
/** What the name resolves to; nothing where it does not exist. */
let address: string | undefined

beforeAll(async () => {
  server = await startEtcd()
  // gRPC's own resolver asks the system by this function; all else of it is real.
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

it('A host whose name comes, goes and comes back is followed each time that it is there', async (test) => {
  const proxy = await useProxy(test, server.port)
  const { key, put } = newKey(server)
  await put(1)
  const scene = begin(test, { hosts: `http://${NAME}:${proxy.port}`, key })
  await scene.names('source.unreachable')
  expect(scene.hasStarted()).toBe(false)
  address = '127.0.0.1'
  await scene.serves(1)
  await scene.comesTo('watching')
  address = undefined
  // An open connection does not need the name.
  await put(2)
  await scene.serves(2)
  await disconnect(proxy)
  await scene.comesTo('backing-off')
  await proxy.heal()
  await put(3)
  await pass(lasting(1_500, 30_000))
  expect(scene.serving()).toBe(2)
  address = '127.0.0.1'
  await scene.serves(3)
  await put(4)
  await scene.serves(4)
})

it('A name that moves to another address is found there', async (test) => {
  address = '127.0.0.2' // nobody listens there
  const proxy = await useProxy(test, server.port)
  const { key, put } = newKey(server)
  await put(1)
  const scene = begin(test, { hosts: `http://${NAME}:${proxy.port}`, key })
  await scene.names('source.unreachable')
  address = '127.0.0.1'
  await scene.serves(1)
})
