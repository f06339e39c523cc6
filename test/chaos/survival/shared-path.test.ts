import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { afterAll, expect, test, vi } from 'vitest'
import { ownFolder } from '../../persistence/children.ts'
import { useBundle } from '../../support/bundled-program.ts'
import { createRandom } from '../../support/random.ts'
import type { ProcessSettings } from './process-status.ts'
import { type Config, filesIn } from './service.ts'
import { publisher, superviseInTest } from './supervisor.ts'

vi.setConfig({ testTimeout: 600_000, hookTimeout: 300_000 })

const isLong = process.env.CHANGEOVER_LONG === '1'
const WORKERS = 5
const KILLS = isLong ? 200 : 24
const MAX_ATTEMPTS = 3

const { make, remove } = ownFolder()
const program = useBundle(new URL('./service-process.ts', import.meta.url))

afterAll(remove)

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Makes a folder with a document, whose path several workers share. */
const createPlace = (name: string, first: Config) => {
  const inside = make(name)
  const publish = publisher(inside)
  publish(first)
  return {
    publish,
    run: (worker: number, settings: Partial<ProcessSettings>) =>
      superviseInTest(program(), { folder: inside, name: `-${worker}`, soakMs: 0, ...settings }, 'ulimit -c 0', 1_000),
    /** The files that hold entries. */
    get entries(): readonly string[] {
      return readdirSync(dirname(filesIn(inside).goodFile))
        .filter((file) => !file.includes('.owner-'))
        .sort()
    },
  }
}

const workers = Array.from({ length: WORKERS }, (_, index) => index)

test('Five healthy workers that start one after the other within the soak of the first serve the document, and none is counted as dead', async () => {
  const { publish, run } = createPlace('healthy', { value: 1 })
  const alone = run(0, { soakMs: 100 })
  await alone.until({ served: 1, goodCount: 1 })
  await alone.stop()
  publish({ value: 2 })
  // All of them are in their soak at once.
  const services: ReturnType<typeof run>[] = []
  for (const worker of workers) {
    const service = run(worker, { soakMs: 3_600_000 })
    services.push(service)
    await service.until({ state: 'soaking', isGood: true, quarantine: [] })
  }
  expect(services.map(({ status }) => status?.state)).toEqual(workers.map(() => 'soaking'))
  expect(services.flatMap(({ deaths, errors }) => [...deaths, ...errors])).toEqual([])
  expect(services.map(({ codes }) => codes)).toEqual(
    workers.map((worker) => (worker === 0 ? [] : ['persistence.shared'])),
  )
  for (const service of services) expect(await service.stop()).toEqual({ code: 0, signal: null })
  const last = run(0, { soakMs: 100 })
  await last.until({ served: 2, goodCount: 2, state: 'committed', quarantine: [] })
  expect(last.codes).toEqual([])
})

test('Workers that are restarted properly while the others try a config are never counted as dead', async () => {
  const { publish, run } = createPlace('restarts', { value: 1 })
  const services = workers.map((worker) => run(worker, { soakMs: 3_600_000 }))
  await Promise.all(services.map((service) => service.until({ state: 'soaking' })))
  for (const value of [2, 3]) {
    publish({ value })
    for (const service of services) {
      const { pid } = service
      service.restart('SIGTERM')
      await vi.waitFor(() => expect(service.pid).not.toBe(pid), { timeout: 60_000 })
      await service.until({ pid: service.pid, state: 'soaking' })
    }
  }
  expect(services.flatMap(({ errors }) => errors)).toEqual([])
  expect(services.flatMap(({ deaths }) => deaths)).toEqual(
    Array.from({ length: 2 * WORKERS }, () => ({ code: 0, signal: null })),
  )
})

test(`After ${KILLS} random kills of ${WORKERS} workers on one path, every start had a whole good, and the newest document serves`, async () => {
  const random = createRandom(Date.now() % 1_000_000)
  const place = createPlace('kills', { value: 1 })
  const { publish, run } = place
  // So many that no kill quarantines a healthy config.
  const settings = { soakMs: 150, maxAttempts: 10_000 }
  const alone = run(0, settings)
  await alone.until({ served: 1, goodCount: 1 })
  await alone.stop()
  const services = workers.map((worker) => run(worker, settings))
  let value = 1
  for (let kill = 0; kill < KILLS; kill++) {
    if (kill % 4 === 0) publish({ value: ++value })
    await sleep(random.below(500))
    const service = random.pick(services)
    service.restart('SIGKILL')
  }
  for (const _ of [1, 2, 3]) {
    publish({ value: ++value })
    for (const service of services) await service.until({ served: value, state: 'committed', quarantine: [] })
  }
  // Nothing is tried before a good serves, and no start was without one.
  const soaking = services.flatMap(({ seen }) => seen.filter(({ state }) => state === 'soaking'))
  expect(soaking.length).toBeGreaterThan(0)
  expect(soaking.filter(({ isGood }) => !isGood)).toEqual([])
  expect(services.flatMap(({ seen }) => seen).filter(({ lastError }) => lastError !== undefined)).toEqual([])
  const codes = new Set(services.flatMap((service) => service.codes))
  codes.delete('attempt.died')
  expect([...codes]).toEqual(['persistence.shared'])
  for (const service of services) expect(await service.stop()).toEqual({ code: 0, signal: null })
  const deaths = services.flatMap((service) => service.deaths)
  expect(new Set(deaths.map(({ signal }) => signal))).toEqual(new Set(['SIGKILL']))
  expect(services.flatMap(({ errors }) => errors).length).toBeLessThanOrEqual(deaths.length)
  // What all of them have left is one state again.
  const last = run(0, { soakMs: 3_600_000 })
  await last.until({ served: value, goodCount: 3, state: 'committed' })
  expect(last.codes).toEqual([])
  expect(place.entries).toEqual(['good', 'good.1', 'good.2', 'good.journal'])
})

test(`A config that aborts each of ${WORKERS} workers ends them ${MAX_ATTEMPTS} times at most, and then the last known good serves in all`, async () => {
  const { publish, run } = createPlace('crashes', { value: 1 })
  const services = workers.map((worker) => run(worker, { soakMs: 1_000 }))
  for (const service of services) await service.until({ served: 1, goodCount: 1, state: 'committed' })
  publish({ value: 2, abortMs: 300 })
  for (const service of services) {
    await service.until({ served: 1, state: 'rejected', causes: ['quarantined'] })
    expect(service.status?.quarantine).toEqual([expect.stringMatching(/^attempt\.died \d+$/)])
    expect(service.deaths.length).toBeGreaterThan(0)
  }
  const deaths = services.flatMap((service) => service.deaths)
  expect(new Set(deaths.map(({ signal }) => signal))).toEqual(new Set(['SIGABRT']))
  for (const service of services) expect(service.deaths.length).toBeLessThanOrEqual(MAX_ATTEMPTS)
  publish({ value: 3 })
  for (const service of services) await service.until({ served: 3, state: 'committed' })
})
