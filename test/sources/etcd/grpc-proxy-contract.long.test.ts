import { sourceContract, type SourceSetup } from 'changeover/testing'
import { afterAll, beforeAll, describe, it } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource } from '../../../src/sources/etcd/index.ts'
import { startGrpcProxy, type EtcdGrpcProxy } from '../../support/etcd-grpc-proxy.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { followOpened, never } from '../follow.ts'
import { heldResources } from '../held-resources.ts'

let server: EtcdServer
let grpcProxy: EtcdGrpcProxy
let keys = 0

beforeAll(async () => {
  server = await startEtcd()
  grpcProxy = await startGrpcProxy(server.endpoint)
})
afterAll(async () => {
  await grpcProxy.stop()
  await server.stop()
})

/** A source behind the gRPC proxy, beside `others` that watch the same key through it and have come first. */
const make = async (others: number): Promise<SourceSetup> => {
  const key = `/contract/${++keys}`
  const first: Source[] = Array.from({ length: others }, () => etcdSource({ hosts: grpcProxy.endpoint, key }))
  for (const other of first) await followOpened(other, (await other.read(never)).revision)
  const before = heldResources()
  const proxy = await startProxy(grpcProxy.port)
  return {
    source: etcdSource({ hosts: `http://127.0.0.1:${proxy.port}`, key }),
    put: (content) => server.admin(async (client) => client.put(key).value(Buffer.from(content))),
    remove: () => server.admin(async (client) => client.delete().key(key)),
    breakWatch: () => proxy.cut(),
    wipe: () => server.wipe(),
    leftovers: () => proxy.open() + Math.max(0, heldResources() - before),
    dispose: async () => {
      await Promise.all(first.map((other) => other.close?.()))
      await proxy.close()
    },
  }
}

describe.each([
  ['The etcd source, alone behind a gRPC proxy,', 0],
  ['The third etcd source of one key behind a gRPC proxy', 2],
])('%s fulfils the contract of a source', (_, others) => {
  for (const { name, run } of sourceContract(() => make(others), { timeoutMs: 20_000 })) it(name, run, 60_000)
})
