// More rounds: CHANGEOVER_ROUNDS=40 npm run test:soak -- test/fleet/rollout-chaos
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { z } from 'zod'
import { decodeInstance } from '../../src/fleet/instance-entry.ts'
import { seededRandom } from '../../src/testing/fakes/seeded-random.ts'
import { buildCommand, makeFolder, removeFolder } from '../cli/command.ts'
import { type EtcdCluster, startCluster } from '../support/etcd-cluster.ts'
import { startProxy, type TcpProxy } from '../support/tcp-proxy.ts'

const ROUNDS = Number(process.env.CHANGEOVER_ROUNDS ?? 4)
/** Times are judged on a machine that does nothing else. */
const judgesTimes = ROUNDS > 4
const SERVICES = 12
/** The services that reach etcd by proxies of their own. */
const CUT = 3
const LEASE_MS = 2_000
/** How long three nodes may be without a leader on a busy machine. */
const ELECTION_MS = 3_000
const KEY = '/chaos/config'

let cluster: EtcdCluster
let folder: string
let command: string

vi.setConfig({ testTimeout: 120_000 + ROUNDS * 60_000, hookTimeout: 180_000 })

beforeAll(async () => {
  cluster = await startCluster()
  folder = await makeFolder()
  command = await buildCommand(folder)
})
afterAll(async () => {
  await removeFolder(folder)
  await cluster.stop()
})

const Config = z.object({ n: z.number() })

const until = <T>(assertion: () => T): Promise<Awaited<T>> =>
  vi.waitFor(assertion, { timeout: 90_000, interval: 25 }) as Promise<Awaited<T>>

const startService = async (test: TestContext, hosts: readonly string[], service: string) => {
  const source = etcdSource({ hosts, key: KEY, fleet: fleet({ service, ttlMs: 6_000 }) })
  const soak = { durationMs: 100, intervalMs: 100, failureThreshold: 1 }
  const reloader = createReloader({ source, schema: Config, soak }).use('pool', (config) => config, {
    prepare: ({ n }) => ({ instance: { n }, check: async () => {} }),
  })
  test.onTestFinished(() => reloader.close())
  await reloader.start()
  return { reloader, pool: () => reloader.modules.pool.current }
}

const documentOf = (n: number): string => JSON.stringify({ n })

const read = () =>
  until(() => cluster.admin(async (client) => (await client.get(KEY).exec()).kvs[0])) as Promise<{
    readonly mod_revision: string
    readonly value: Buffer
  }>

describe('Twelve services at three nodes of etcd', () => {
  it(`serve what the document says after each of ${ROUNDS} rollouts with faults`, async (test) => {
    await cluster.admin(async (client) => client.put(KEY).value(documentOf(1)))
    const proxies: TcpProxy[] = []
    const services: Awaited<ReturnType<typeof startService>>[] = []
    for (let index = 0; index < SERVICES; index += 1) {
      const ports = cluster.endpoints.map((endpoint) => Number(new URL(endpoint).port))
      const own = index < CUT ? await Promise.all(ports.map((port) => startProxy(port))) : []
      proxies.push(...own)
      const hosts = own.length > 0 ? own.map(({ port }) => `http://127.0.0.1:${port}`) : cluster.hosts
      services.push(await startService(test, hosts, `service-${index}`))
    }
    test.onTestFinished(() => Promise.all(proxies.map((proxy) => proxy.close())).then(() => {}))

    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const slowestMs: Record<string, number> = {}
    let promoted = 0
    const untilAllTakePart = () =>
      until(async () => {
        const found = await cluster.admin((client) =>
          Promise.resolve(client.getAll().prefix(`${KEY}@changeover/instances/`).strings()),
        )
        const entries = Object.values(found).flatMap((text) => decodeInstance(text) ?? [])
        expect(entries.filter(({ stale, serving }) => !stale && serving !== undefined)).toHaveLength(SERVICES)
      })

    for (let round = 0, current = 1; round < ROUNDS; round += 1) {
      await untilAllTakePart()
      const next = current + 1
      const file = join(folder, 'next.json')
      await writeFile(file, documentOf(next))
      const pools = services.map(({ pool }) => pool())
      const { mod_revision: revision } = await read()
      const at = ['--hosts', cluster.hosts.join(','), '--key', KEY, '--author', 'Ada', '--if-revision', revision]
      const steps = ['--steps', '2,50%', '--hold', '1s', '--lease', `${LEASE_MS}ms`]
      const driver = spawn(process.execPath, [command, 'rollout', file, ...at, ...steps], {
        cwd: folder,
        stdio: 'ignore',
      })
      const exited = once(driver, 'exit')
      const tries = () => services.filter(({ reloader }) => reloader.status().state === 'trying').length
      await until(() => expect(tries()).toBeGreaterThan(0))
      await sleep(Math.floor(random() * 3_000))

      const fault = (['driver', 'leader', 'isolation', 'partition'] as const)[round % 4] as string
      const leader = fault === 'leader' || fault === 'isolation' ? await cluster.leader() : undefined
      const startedAt = performance.now()
      if (fault === 'leader') await leader?.kill()
      if (fault === 'isolation') leader?.isolate()
      if (fault === 'partition') for (const proxy of proxies) proxy.blackHole()
      else driver.kill('SIGKILL')
      await until(() => expect(tries()).toBe(0))
      slowestMs[fault] = Math.max(slowestMs[fault] ?? 0, Math.round(performance.now() - startedAt))

      if (fault === 'leader') await leader?.launch()
      if (fault === 'isolation') cluster.rejoin()
      if (fault === 'partition') await Promise.all(proxies.map((proxy) => proxy.heal()))
      await exited
      await cluster.untilHealthy()
      const { value } = await read()
      const isPromoted = value.toString() === documentOf(next)
      if (isPromoted) [current, promoted] = [next, promoted + 1]
      await until(() =>
        expect(services.map(({ reloader }) => reloader.config.n)).toEqual(Array(SERVICES).fill(current)),
      )
      if (!isPromoted) expect(services.every(({ pool }, index) => pool() === pools[index])).toBe(true)
    }
    console.log(
      `${ROUNDS} rounds, ${promoted} promoted, seed ${seed}; until no instance was on trial, in ms:`,
      slowestMs,
    )
    if (!judgesTimes) return
    if (slowestMs.driver !== undefined) expect(slowestMs.driver).toBeLessThanOrEqual(LEASE_MS + 2_000)
    // The election comes first.
    for (const fault of ['leader', 'isolation']) {
      expect(slowestMs[fault] ?? 0, fault).toBeLessThanOrEqual(2 * LEASE_MS + 2_000 + ELECTION_MS)
    }
  })
})
