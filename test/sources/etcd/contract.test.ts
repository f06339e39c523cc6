import { afterAll, beforeAll } from 'vitest'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { describeSourceContract, type SourceHarness } from '../contract.ts'

let server: EtcdServer
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
})
afterAll(() => server.stop())

const harness: SourceHarness = {
  make: async () => {
    const proxy = await startProxy(server.port)
    const key = `/contract/${++keys}`
    return {
      source: etcdSource({ hosts: `http://127.0.0.1:${proxy.port}`, key }),
      put: (content) => server.admin(async (client) => client.put(key).value(Buffer.from(content))),
      remove: () => server.admin(async (client) => client.delete().key(key)),
      breakWatch: () => proxy.cut(),
      leftovers: () => proxy.open(),
      dispose: () => proxy.close(),
    }
  },
}

describeSourceContract('The etcd source', harness)
