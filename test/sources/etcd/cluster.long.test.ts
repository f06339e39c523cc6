import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startCluster, type EtcdCluster } from '../../support/etcd-cluster.ts'
import { startService, shortDeadlines, shortOrLong, newKey, sleep, until } from './running-service.ts'

let cluster: EtcdCluster

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())
beforeEach(() => cluster.untilHealthy())

/** Writes a number to whichever member accepts it. */
const insist = (put: (n: number) => Promise<unknown>, n: number): Promise<unknown> =>
  until(() => put(n).then(() => undefined))

describe('A service on a cluster of three members', () => {
  it('serves the newest document after the leader is killed and restarted', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const service = startService(test, { hosts: cluster.hosts, key })
    await service.reaches('watching')
    const leader = await cluster.leader()
    await leader.kill()
    await insist(put, 2)
    await service.serves(2)
    await sleep(shortOrLong(0, 30_000))
    await leader.launch()
    await insist(put, 3)
    await service.serves(3)
    await cluster.untilHealthy()
    await put(4)
    await service.serves(4)
  })

  it('moves to the remaining members as one after another is killed', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const service = startService(test, { hosts: cluster.hosts, key })
    await service.reaches('watching')
    let n = 1
    for (const member of cluster.members) {
      await member.kill()
      await insist(put, ++n)
      await service.serves(n)
      await member.launch()
      await cluster.untilHealthy()
    }
    await put(++n)
    await service.serves(n)
  })

  it('serves the newest document while its member is cut off from the leader', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const service = startService(test, { hosts: cluster.hosts, key })
    await service.reaches('watching')
    const ours = cluster.members.find(({ proxy }) => proxy.open() > 0)
    expect(ours).toBeDefined()
    ours?.isolate()
    try {
      // If our member was the leader, the others elect a new one.
      await insist(put, 2)
      await service.serves(2)
      await sleep(shortOrLong(0, 30_000))
      await insist(put, 3)
      await service.serves(3)
    } finally {
      cluster.rejoin()
    }
    await cluster.untilHealthy()
    await put(4)
    await service.serves(4)
  })

  it('shows an error while its only member is cut off from the leader, and serves the newest document after that', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const leader = await cluster.leader()
    const ours = cluster.members.find((member) => member !== leader) ?? leader
    const service = startService(test, { hosts: ours.host, key })
    await service.reaches('watching')
    ours.isolate()
    try {
      await insist(put, 2)
      // The member knows of no new revision. It reports an error only because the call requires a leader.
      await until(() => expect(service.reloader.status().source.lastError?.code).toMatch(/unreachable|timeout/))
      expect(service.serving()).toBe(1)
      await sleep(shortOrLong(0, 30_000))
    } finally {
      cluster.rejoin()
    }
    await service.serves(2)
    await cluster.untilHealthy()
    await put(3)
    await service.serves(3)
  })

  it('serves the newest document while two of three members are silent', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const service = startService(test, { hosts: cluster.hosts, key, deadlines: shortDeadlines })
    await service.reaches('watching')
    await put(2)
    await service.serves(2)
    const [alive, ...silent] = cluster.members.toSorted((a, b) => a.proxy.open() - b.proxy.open())
    for (const { proxy } of silent) proxy.blackHole()
    // By the watch's progress request or by gRPC's keepalive, whichever comes first.
    await until(() => expect(service.reloader.status().source.lastError?.code).toMatch(/timeout|unreachable/))
    await put(3)
    await service.serves(3)
    expect(alive?.proxy.open()).toBeGreaterThan(0)
    await sleep(shortOrLong(0, 30_000))
    for (const { proxy } of silent) await proxy.heal()
    await put(4)
    await service.serves(4)
  })

  it('follows a new cluster with lower revisions behind the same addresses', async (test) => {
    const { key, put, putAll } = newKey(cluster)
    await putAll(1, 50)
    const service = startService(test, { hosts: cluster.hosts, key })
    await service.serves(50)
    await cluster.wipe()
    await insist(put, 100)
    await service.serves(100)
    await put(101)
    await service.serves(101)
    expect(new Set(service.records.map(({ revision }) => revision?.lineage)).size).toBe(2)
  })
})
