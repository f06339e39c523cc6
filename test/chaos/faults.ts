import { setTimeout as sleep } from 'node:timers/promises'
import type { Etcd3 } from 'etcd3'
import type { EtcdCluster, EtcdMember } from '../support/etcd-cluster.ts'
import type { Random } from './random.ts'
import type { Writer } from './writer.ts'

export interface World {
  readonly cluster: EtcdCluster
  readonly writer: Writer
  readonly key: string
  readonly random: Random
}

/** Something that goes wrong. What `strike` resolves to makes it good again. */
export interface Fault {
  readonly name: string
  readonly weight: number
  readonly strike: (world: World) => Promise<() => Promise<unknown>>
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
/** What is done by the way: where etcd does not take it, it is left. */
const attempt = async (cluster: EtcdCluster, work: (client: Etcd3) => Promise<unknown>): Promise<void> => {
  await Promise.race([cluster.admin(work).catch(() => undefined), sleep(5_000, undefined, { ref: false })])
}
const compact = (cluster: EtcdCluster): Promise<void> =>
  attempt(cluster, async (client) => {
    const { header } = await client.getAll().prefix('/nothing').exec()
    return client.kv.compact({ revision: header.revision, physical: true })
  })

/**
 * All kinds. Faults of one round are of different groups, so that one does not undo the other; they strike in the order
 * of the groups and are made good in the reverse order, since a document can be changed only while there are members.
 */
export const groups: Readonly<Record<string, readonly Fault[]>> = {
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
    { name: 'cut again and again', weight: 2, strike: async ({ cluster }) => flap(cluster) },
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
