// 200 kills: CHANGEOVER_KILLS=200 npm run test:soak -- test/fleet/rollout-kill
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createReloader } from 'changeover'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { pgPool } from 'changeover/pg'
import { afterAll, beforeAll, describe, expect, it, type TestContext, vi } from 'vitest'
import { z } from 'zod'
import { buildCommand, makeFolder, removeFolder } from '../cli/command.ts'
import { startEtcd, type EtcdServer } from '../support/etcd-server.ts'
import { usePostgres } from '../support/postgres.ts'
import { seededRandom } from '../../src/testing/fakes/seeded-random.ts'
import { newDocument } from './fleet-of.ts'

const KILLS = Number(process.env.CHANGEOVER_KILLS ?? 10)
/** Times are judged on a machine that does nothing else. */
const judgesTimes = KILLS > 10
/** Fleets whose drivers are killed at the same time. */
const FLEETS = judgesTimes ? 4 : 2
const MEMBERS = 4
const LEASE_MS = 2_000
/** A rollout is over within this time, its start included. */
const LONGEST_MS = 9_000

const postgres = usePostgres()
let server: EtcdServer
let folder: string
let command: string

vi.setConfig({ testTimeout: 60_000 + KILLS * 20_000, hookTimeout: 180_000 })

beforeAll(async () => {
  server = await startEtcd()
  folder = await makeFolder()
  command = await buildCommand(folder)
})
afterAll(async () => {
  await removeFolder(folder)
  await server.stop()
})

const Config = z.object({ max: z.number() })

const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 60_000, interval: 20 })

/** A service with a pool of PostgreSQL, which queries all the time. */
const startService = async (test: TestContext, key: string, name: string) => {
  const { host, port, user, password, database } = postgres()
  const source = etcdSource({ hosts: server.endpoint, key, fleet: fleet({ service: name, ttlMs: 4_000 }) })
  const soak = { durationMs: 200, intervalMs: 100, failureThreshold: 1 }
  const reloader = createReloader({ source, schema: Config, soak }).use(
    'db',
    ({ max }) => ({ host, port, user, password, database, max }),
    pgPool({ drainMs: 2_000 }),
  )
  await reloader.start()
  const failed: unknown[] = []
  let [queries, isOver] = [0, false]
  const querying = (async () => {
    while (!isOver) {
      await reloader.modules.db.current.query('select 1').catch((error: unknown) => failed.push(error))
      queries += 1
      await sleep(5)
    }
  })()
  test.onTestFinished(async () => {
    isOver = true
    await querying
    await reloader.close()
  })
  return { reloader, failed, queries: () => queries, pool: () => reloader.modules.db.current }
}

const startFleet = async (test: TestContext) => {
  const document = newDocument(server)
  await document.put({ max: 1 })
  const names = Array.from({ length: MEMBERS }, (_, index) => `service-${index}`)
  const members = await Promise.all(names.map((name) => startService(test, document.key, name)))
  await until(async () => {
    const found = await document.instances()
    expect(found.filter(({ serving }) => serving !== undefined)).toHaveLength(MEMBERS)
  })
  /** Starts a rollout in a process of its own. */
  const drive = async (max: number) => {
    const file = join(folder, `${document.key.replaceAll('/', '-')}.json`)
    await writeFile(file, JSON.stringify({ max }))
    const revision = await server.admin(async (client) => (await client.get(document.key).exec()).kvs[0]?.mod_revision)
    const at = ['--hosts', server.endpoint, '--key', document.key, '--author', 'Ada', '--if-revision', String(revision)]
    const steps = ['--steps', '1,2,3', '--hold', '500ms', '--lease', `${LEASE_MS}ms`]
    return spawn(process.execPath, [command, 'rollout', file, ...at, ...steps], { cwd: folder, stdio: 'ignore' })
  }
  return {
    ...document,
    members,
    drive,
    counts: () => members.map((member) => member.reloader.status().modules.db?.opened),
  }
}

describe('The driver of a rollout that is killed', () => {
  it(`leaves every canary with the pool of before, ${KILLS} times at random moments`, async (test) => {
    const seed = Date.now() % 1_000_000
    const random = seededRandom(seed)
    const ends = { promoted: 0, reverted: 0, untouched: 0 }
    let slowestMs = 0
    const play = async (kills: number): Promise<void> => {
      const { members, drive, text, counts } = await startFleet(test)
      for (let [kill, max] = [0, 1]; kill < kills; kill += 1) {
        const [pools, opened] = [members.map(({ pool }) => pool()), counts()]
        const next = (max % 4) + 1
        const driver = await drive(next)
        const exited = once(driver, 'exit')
        await sleep(Math.floor(random() * LONGEST_MS))
        driver.kill('SIGKILL')
        await exited
        const killedAt = performance.now()
        const isPromoted = (await text()) === JSON.stringify({ max: next })
        if (isPromoted) max = next
        await until(() => expect(members.map(({ reloader }) => reloader.config.max)).toEqual(Array(MEMBERS).fill(max)))
        const afterMs = performance.now() - killedAt
        await until(() => expect(members.every(({ reloader }) => reloader.status().state === 'trying')).toBe(false))
        const touched = counts().filter((count, index) => count !== opened[index]).length
        if (isPromoted) {
          ends.promoted += 1
        } else {
          ends[touched === 0 ? 'untouched' : 'reverted'] += 1
          slowestMs = Math.max(slowestMs, afterMs)
          expect(members.map(({ pool }) => pool())).toEqual(pools)
          expect(members.every(({ pool }, index) => pool() === pools[index])).toBe(true)
          expect(touched, 'one of four is no canary').toBeLessThan(MEMBERS)
          if (judgesTimes) expect(afterMs, `seed ${seed}`).toBeLessThanOrEqual(LEASE_MS + 2_000)
        }
        // The lease of the driver ends before the next one starts.
        await sleep(LEASE_MS + 1_500)
      }
      expect(members.flatMap(({ failed }) => failed)).toEqual([])
      expect(Math.min(...members.map(({ queries }) => queries()))).toBeGreaterThan(100)
    }
    await Promise.all(Array.from({ length: FLEETS }, () => play(Math.ceil(KILLS / FLEETS))))
    console.log(`${KILLS} kills: ${JSON.stringify(ends)}, slowest return ${Math.round(slowestMs)} ms`)
    expect(ends.promoted + ends.reverted + ends.untouched).toBeGreaterThanOrEqual(KILLS)
  })
})

describe('A canary that loses etcd', () => {
  it('returns by itself to the pool of before, and follows the document once etcd is back', async (test) => {
    const { members, drive, put } = await startFleet(test)
    const pools = members.map(({ pool }) => pool())
    const driver = await drive(2)
    const exited = once(driver, 'exit')
    await until(() => expect(members.some(({ reloader }) => reloader.status().state === 'trying')).toBe(true))
    await server.kill()
    const killedAt = performance.now()
    await until(() => expect(members.every(({ pool }, index) => pool() === pools[index])).toBe(true))
    const afterMs = performance.now() - killedAt
    if (judgesTimes) expect(afterMs).toBeLessThanOrEqual(2 * LEASE_MS + 2_000)
    await exited
    await server.restart()
    await put({ max: 3 })
    await until(() => expect(members.map(({ reloader }) => reloader.config.max)).toEqual(Array(MEMBERS).fill(3)))
    expect(members.flatMap(({ failed }) => failed)).toEqual([])
  })
})
