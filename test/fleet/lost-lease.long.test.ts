import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Etcd3 } from 'etcd3'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { useBundle } from '../support/bundled-program.ts'
import { startCluster, type EtcdCluster } from '../support/etcd-cluster.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { newDocument, startMember } from './fleet-of.ts'

/** Longer than the lease of every member here. */
const OUTAGE_MS = 4_500

vi.setConfig({ testTimeout: 180_000, hookTimeout: 180_000 })

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 60_000, interval: 50 })

/** Ends all leases, but for those that end meanwhile. */
const endLeases = async ({ leaseClient }: Etcd3): Promise<void> => {
  const { leases } = await leaseClient.leaseLeases()
  await Promise.all(leases.map(({ ID }) => leaseClient.leaseRevoke({ ID }).catch(() => {})))
}

const program = useBundle(new URL('./member-child.ts', import.meta.url))

const startChild = async (host: string, key: string, service: string): Promise<ChildProcess> => {
  const child = fork(program(), [host, key, service], { execArgv: [] })
  await once(child, 'message')
  return child
}

describe('A member whose lease was lost', () => {
  let server: EtcdServer

  beforeAll(async () => {
    server = await startEtcd({ flags: ['--auth-token-ttl', '2'] })
  })
  afterAll(() => server.stop())

  it('has its entry back once etcd is, 50 of 50', async (test) => {
    const { key, put, instances } = newDocument(server)
    await put({ n: 1 })
    await Promise.all(Array.from({ length: 50 }, (_, index) => startMember(test, server, key, `service-${index}`)))
    await until(async () => expect(await instances()).toHaveLength(50))
    const before = new Set((await instances()).map(({ id }) => id))
    await server.kill()
    await sleep(OUTAGE_MS)
    await server.restart()
    // etcd prolongs the leases that it knows when it starts: those entries have not gone.
    await until(async () => expect(new Set((await instances()).map(({ id }) => id))).toEqual(before))
    // Leases that etcd has ended for certain.
    await server.admin(endLeases)
    await until(async () => expect(new Set((await instances()).map(({ id }) => id))).toEqual(before))
  })

  it('has its entry back after it was stopped, and leaves that of its successor alone', async () => {
    const { key, put, instances } = newDocument(server)
    await put({ n: 1 })
    const child = await startChild(server.endpoint, key, 'first')
    await until(async () => expect(await instances()).toHaveLength(1))
    const [first] = await instances()
    child.kill('SIGSTOP')
    await until(async () => expect(await instances()).toHaveLength(0))
    const successor = await startChild(server.endpoint, key, 'second')
    await until(async () => expect((await instances()).map(({ service }) => service)).toEqual(['second']))
    const [second] = await instances()
    child.kill('SIGCONT')
    await until(async () => expect(await instances()).toHaveLength(2))
    const found = await instances()
    expect(found.find(({ id }) => id === first?.id)?.session).toBe(first?.session)
    expect(found.find(({ id }) => id === second?.id)?.session).toBe(second?.session)
    for (const one of [child, successor]) {
      one.send('close')
      await once(one, 'exit')
    }
    expect(await instances()).toHaveLength(0)
  })

  it('never overwrites another process that has its id', async (test) => {
    const { key, put, instances } = newDocument(server)
    await put({ n: 1 })
    await startMember(test, server, key, 'mine')
    await until(async () => expect((await instances())[0]?.serving).toBeDefined())
    const [mine] = await instances()
    const name = `${key}@changeover/instances/${mine?.id}`
    const other = JSON.stringify({ schema: 1, ...mine, service: 'other', session: 'other' })
    await server.admin(async (client) => client.put(name).value(other))
    await put({ n: 2 })
    await until(async () => expect(await instances()).toHaveLength(2))
    expect((await instances()).map(({ service }) => service).toSorted()).toEqual(['mine', 'other'])
    expect(await server.admin(async (client) => client.get(name))).toBe(other)
  })

  it('has its entry back after its token has expired', async (test) => {
    const { key, put } = newDocument(server)
    await put({ n: 1 })
    const auth = { username: 'root', password: 'root-secret' }
    await server.admin(async (client) => {
      await client.role('root').create()
      await client.user('root').create(auth.password)
      await client.user('root').addRole('root')
      await client.auth.authEnable()
    })
    const asRoot = () =>
      server.admin(async (root) => root.getAll().prefix(`${key}@changeover/instances/`).keys(), { auth })
    await startMember(test, server, key, 'mine', { etcd: { auth } })
    await until(async () => expect(await asRoot()).toHaveLength(1))
    const proof = await asRoot()
    await sleep(OUTAGE_MS)
    await server.admin(endLeases, { auth })
    await until(async () => expect(await asRoot()).toEqual(proof))
    await server.admin(async (root) => root.auth.authDisable(), { auth })
  })
})

describe('A member in a cluster', () => {
  let cluster: EtcdCluster

  beforeAll(async () => {
    cluster = await startCluster()
  })
  afterAll(() => cluster.stop())

  it('keeps its entry, or has it back, when the node it talks to is killed', async (test) => {
    const server = { endpoint: cluster.hosts[0] as string, admin: cluster.admin } as unknown as EtcdServer
    const { key, put, instances } = newDocument(server)
    await put({ n: 1 })
    await startMember(test, server, key, 'mine', { etcd: { hosts: [...cluster.hosts] } })
    await until(async () => expect(await instances()).toHaveLength(1))
    for (const member of cluster.members) {
      await member.kill()
      await sleep(OUTAGE_MS)
      await member.launch()
      await cluster.untilHealthy()
      await until(async () => expect(await instances()).toHaveLength(1))
    }
  })
})
