import { afterAll, beforeAll } from 'vitest'
import type { Source } from '../../../src/api/source.ts'
import { etcdSource, type EtcdSourceOptions } from '../../../src/sources/etcd/index.ts'
import { startGrpcProxy, type EtcdGrpcProxy } from '../../support/etcd-grpc-proxy.ts'
import { startEtcd, type EtcdServer } from '../../support/etcd-server.ts'
import { startProxy } from '../../support/tcp-proxy.ts'
import { describeSourceContract, type SourceHarness } from '../contract.ts'
import { followOpened, never } from '../follow.ts'

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
const harnessOf = (others: number): SourceHarness => ({
  make: async () => {
    const proxy = await startProxy(grpcProxy.port)
    const key = `/contract/${++keys}`
    const from: EtcdSourceOptions = { hosts: grpcProxy.endpoint, key }
    const first: Source[] = Array.from({ length: others }, () => etcdSource(from))
    for (const other of first) await followOpened(other, (await other.read(never)).revision)
    return {
      source: etcdSource({ ...from, hosts: `http://127.0.0.1:${proxy.port}` }),
      put: (content) => server.admin(async (client) => client.put(key).value(Buffer.from(content))),
      remove: () => server.admin(async (client) => client.delete().key(key)),
      breakWatch: () => proxy.cut(),
      leftovers: () => proxy.open(),
      dispose: async () => {
        await Promise.all(first.map((other) => other.close?.()))
        await proxy.close()
      },
    }
  },
})

describeSourceContract('The etcd source, alone behind a gRPC proxy,', harnessOf(0))
describeSourceContract('The third etcd source of one key behind a gRPC proxy', harnessOf(2))
