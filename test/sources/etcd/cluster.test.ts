import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startCluster, type EtcdCluster } from '../../support/etcd-cluster.ts'
import { begin, hasty, lasting, newKey, pass, until } from './scene.ts'

let cluster: EtcdCluster

beforeAll(async () => {
  cluster = await startCluster()
})
afterAll(() => cluster.stop())
beforeEach(() => cluster.untilHealthy())

/** A number is written, whatever is down: by whichever member takes it. */
const insist = (put: (n: number) => Promise<unknown>, n: number): Promise<unknown> =>
  until(() => put(n).then(() => undefined))

describe('On a cluster of three the newest document serves', () => {
  it('where the leader is killed and comes back', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const scene = begin(test, { hosts: cluster.hosts, key })
    await scene.comesTo('watching')
    const leader = await cluster.leader()
    await leader.kill()
    await insist(put, 2)
    await scene.serves(2)
    await pass(lasting(0, 30_000))
    await leader.launch()
    await insist(put, 3)
    await scene.serves(3)
    await cluster.untilHealthy()
    await put(4)
    await scene.serves(4)
  })

  it('where one member after the other is killed: it moves to those that live', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const scene = begin(test, { hosts: cluster.hosts, key })
    await scene.comesTo('watching')
    let n = 1
    for (const member of cluster.members) {
      await member.kill()
      await insist(put, ++n)
      await scene.serves(n)
      await member.launch()
      await cluster.untilHealthy()
    }
    await put(++n)
    await scene.serves(n)
  })

  it('where the member that it is on is parted from the leader, while that lasts', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const scene = begin(test, { hosts: cluster.hosts, key })
    await scene.comesTo('watching')
    const ours = cluster.members.find(({ proxy }) => proxy.open() > 0)
    expect(ours).toBeDefined()
    ours?.isolate()
    try {
      // The others elect a leader where that was ours, and go on.
      await insist(put, 2)
      await scene.serves(2)
      await pass(lasting(0, 30_000))
      await insist(put, 3)
      await scene.serves(3)
    } finally {
      cluster.rejoin()
    }
    await cluster.untilHealthy()
    await put(4)
    await scene.serves(4)
  })

  it('where the only member that it knows is parted from the leader: not before it heals, and it says so', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const leader = await cluster.leader()
    const ours = cluster.members.find((member) => member !== leader) ?? leader
    const scene = begin(test, { hosts: ours.host, key })
    await scene.comesTo('watching')
    ours.isolate()
    try {
      await insist(put, 2)
      // Its member would stay silent, and knows of nothing new: it is asked to have a leader.
      await until(() => expect(scene.reloader.status().source.lastError?.code).toMatch(/unreachable|timeout/))
      expect(scene.serving()).toBe(1)
      await pass(lasting(0, 30_000))
    } finally {
      cluster.rejoin()
    }
    await scene.serves(2)
    await cluster.untilHealthy()
    await put(3)
    await scene.serves(3)
  })

  it('where two of three members say nothing', async (test) => {
    const { key, put } = newKey(cluster)
    await put(1)
    const scene = begin(test, { hosts: cluster.hosts, key, deadlines: hasty })
    await scene.comesTo('watching')
    await put(2)
    await scene.serves(2)
    const [alive, ...silent] = cluster.members.toSorted((a, b) => a.proxy.open() - b.proxy.open())
    for (const { proxy } of silent) proxy.blackHole()
    // By the watch's own question for a sign of life, or by gRPC's keepalive, whichever is first.
    await until(() => expect(scene.reloader.status().source.lastError?.code).toMatch(/timeout|unreachable/))
    await put(3)
    await scene.serves(3)
    expect(alive?.proxy.open()).toBeGreaterThan(0)
    await pass(lasting(0, 30_000))
    for (const { proxy } of silent) await proxy.heal()
    await put(4)
    await scene.serves(4)
  })

  it('where all are lost, and a new cluster begins again at low revisions behind the same addresses', async (test) => {
    const { key, put, putAll } = newKey(cluster)
    await putAll(1, 50)
    const scene = begin(test, { hosts: cluster.hosts, key })
    await scene.serves(50)
    await cluster.wipe()
    await insist(put, 100)
    await scene.serves(100)
    await put(101)
    await scene.serves(101)
    expect(new Set(scene.records.map(({ revision }) => revision?.lineage)).size).toBe(2)
  })
})
