import { setTimeout as sleep } from 'node:timers/promises'
import type { Etcd3 } from 'etcd3'
import type { EtcdCluster, EtcdMember } from '../support/etcd-cluster.ts'
import type { ChaosRandom } from './random.ts'
import type { Writer } from './writer.ts'

export interface FaultTarget {
  readonly cluster: EtcdCluster
  readonly writer: Writer
  readonly key: string
  readonly random: ChaosRandom
}

/** A fault that can strike. What `strike` resolves to repairs it. */
export interface Fault {
  readonly name: string
  readonly weight: number
  readonly strike: (target: FaultTarget) => Promise<() => Promise<unknown>>
}

const nothing = async (): Promise<void> => undefined

const kill = async (members: readonly EtcdMember[]): Promise<() => Promise<unknown>> => {
  await Promise.all(members.map((member) => member.kill()))
  return () => Promise.all(members.map((member) => member.launch()))
}
const silence = (members: readonly EtcdMember[]): (() => Promise<unknown>) => {
  for (const { proxy } of members) proxy.blackHole()
  return () => Promise.all(members.map(({ proxy }) => proxy.heal()))
}
const refuse = async (members: readonly EtcdMember[]): Promise<() => Promise<unknown>> => {
  await Promise.all(members.map(({ proxy }) => proxy.refuse()))
  for (const { proxy } of members) proxy.cut()
  return () => Promise.all(members.map(({ proxy }) => proxy.heal()))
}
const freeze = (members: readonly EtcdMember[]): (() => Promise<unknown>) => {
  for (const member of members) member.pause()
  return async () => {
    for (const member of members) member.resume()
  }
}
const isolate = async (cluster: EtcdCluster, member: EtcdMember): Promise<() => Promise<unknown>> => {
  member.isolate()
  return async () => cluster.rejoin()
}
/** Runs extra work on the cluster; its failure does not matter. */
const attempt = async (cluster: EtcdCluster, work: (client: Etcd3) => Promise<unknown>): Promise<void> => {
  await Promise.race([cluster.admin(work).catch(() => undefined), sleep(5_000, undefined, { ref: false })])
}
const compact = (cluster: EtcdCluster): Promise<void> =>
  attempt(cluster, async (client) => {
    const { header } = await client.getAll().prefix('/nothing').exec()
    return client.kv.compact({ revision: header.revision, physical: true })
  })

/**
 * Groups the faults so that one of a round does not undo another. They strike in the order of the groups and are
 * repaired in reverse, since a document can change only while there are members.
 */
export const faultGroups: Readonly<Record<string, readonly Fault[]>> = {
  documents: [
    {
      name: 'compacted',
      weight: 4,
      strike: async ({ cluster }) => {
        await compact(cluster)
        return () => compact(cluster)
      },
    },
    {
      name: 'written quickly',
      weight: 2,
      strike: async ({ writer }) => {
        writer.hurry(true)
        return async () => writer.hurry(false)
      },
    },
    {
      name: 'written large',
      weight: 2,
      strike: async ({ writer }) => {
        writer.swell(4, 1_400_000)
        return nothing
      },
    },
    {
      name: 'deleted',
      weight: 2,
      strike: async ({ cluster, key }) => {
        await attempt(cluster, async (client) => client.delete().key(key))
        return nothing
      },
    },
  ],
  connections: [
    { name: 'cut', weight: 2, strike: async ({ cluster }) => cutAll(cluster) },
    { name: 'cut repeatedly', weight: 2, strike: async ({ cluster }) => flap(cluster) },
    { name: 'refused', weight: 3, strike: ({ cluster }) => refuse(cluster.members) },
    {
      name: 'member silent',
      weight: 3,
      strike: async ({ cluster, random }) => silence([random.pick(cluster.members)]),
    },
    { name: 'all silent', weight: 3, strike: async ({ cluster }) => silence(cluster.members) },
    {
      name: 'slow',
      weight: 2,
      strike: async ({ cluster, random }) => {
        for (const { proxy } of cluster.members) proxy.delay(random.between(50, 1_500))
        return () => Promise.all(cluster.members.map(({ proxy }) => proxy.heal()))
      },
    },
  ],
  members: [
    { name: 'member killed', weight: 3, strike: ({ cluster, random }) => kill([random.pick(cluster.members)]) },
    { name: 'leader killed', weight: 3, strike: async ({ cluster }) => kill([await cluster.leader()]) },
    { name: 'all killed', weight: 2, strike: ({ cluster }) => kill(cluster.members) },
    { name: 'member frozen', weight: 2, strike: async ({ cluster, random }) => freeze([random.pick(cluster.members)]) },
    { name: 'all frozen', weight: 1, strike: async ({ cluster }) => freeze(cluster.members) },
    {
      name: 'member parted',
      weight: 3,
      strike: ({ cluster, random }) => isolate(cluster, random.pick(cluster.members)),
    },
    { name: 'leader parted', weight: 3, strike: async ({ cluster }) => isolate(cluster, await cluster.leader()) },
    {
      name: 'store wiped',
      weight: 2,
      strike: async ({ cluster }) => {
        await cluster.wipe()
        return nothing
      },
    },
  ],
}

const cutAll = (cluster: EtcdCluster): (() => Promise<unknown>) => {
  for (const { proxy } of cluster.members) proxy.cut()
  return nothing
}

const flap = (cluster: EtcdCluster): (() => Promise<unknown>) => {
  let isOver = false
  const running = (async () => {
    while (!isOver) {
      cutAll(cluster)
      await sleep(150)
    }
  })()
  return () => {
    isOver = true
    return running
  }
}
