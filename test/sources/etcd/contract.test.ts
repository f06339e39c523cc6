import { sourceContract, type SourceSetup } from 'changeover/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { heldResources } from '../held-resources.ts'

let server: EtcdServer
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const make = async (): Promise<SourceSetup> => {
  const before = heldResources()
  const proxy = await startProxy(server.port)
  const key = `/contract/${++keys}`
  return {
    source: etcdSource({ hosts: `http://127.0.0.1:${proxy.port}`, key }),
    put: (content) => server.admin(async (client) => client.put(key).value(Buffer.from(content))),
    remove: () => server.admin(async (client) => client.delete().key(key)),
    breakWatch: () => proxy.cut(),
    wipe: () => server.wipe(),
    leftovers: () => proxy.open() + Math.max(0, heldResources() - before),
    dispose: () => proxy.close(),
  }
}

describe('The etcd source fulfils the contract of a source', () => {
  for (const { name, run } of sourceContract(make, { timeoutMs: 20_000 })) it(name, run, 60_000)
})
