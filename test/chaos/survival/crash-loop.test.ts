import { afterAll, expect, test, vi } from 'vitest'
import { ownFolder } from '../../persistence/children.ts'
import { useBundle } from '../../support/bundled-program.ts'
import type { ProcessSettings } from './process-status.ts'
import type { Config } from './service.ts'
import { publisher, superviseInTest } from './supervisor.ts'

vi.setConfig({ testTimeout: 300_000, hookTimeout: 300_000 })

const SOAK_MS = 600
const ABORT_MS = 200
const MAX_ATTEMPTS = 3

const { make, remove } = ownFolder()
const program = useBundle(new URL('./service-process.ts', import.meta.url))

afterAll(remove)

/** Makes a folder with a document, and starts services on it. */
const createPlace = (name: string, first: Config) => {
  const inside = make(name)
  const publish = publisher(inside)
  publish(first)
  const run = (settings: Partial<ProcessSettings> = {}) =>
    superviseInTest(program(), { folder: inside, soakMs: SOAK_MS, ...settings })
  return { publish, run }
}

test(`A config that aborts the process ${ABORT_MS} ms after its commit ends it ${MAX_ATTEMPTS} times, and then the last known good serves`, async () => {
  const { publish, run } = createPlace('aborts', { value: 1 })
  const deadly = { value: 2, abortMs: ABORT_MS }
  const one = run({ build: 'one' })
  await one.until({ served: 1, goodCount: 1 })
  publish(deadly)
  const quarantine = [`attempt.died ${MAX_ATTEMPTS}`]
  await one.until({ served: 1, state: 'rejected', quarantine, causes: ['quarantined'] })
  expect(one.deaths).toEqual(Array.from({ length: MAX_ATTEMPTS }, () => ({ code: null, signal: 'SIGABRT' })))
  expect(one.errors).toEqual(Array.from({ length: MAX_ATTEMPTS }, () => 'attempt.died'))

  // The document is fixed: the running process takes it. The old one is tried again after that, and once is enough.
  const { pid } = one
  publish({ value: 3 })
  await one.until({ pid, served: 3, goodCount: 2, state: 'committed', quarantine: [] })
  publish(deadly)
  await one.until({ served: 3, state: 'rejected' })
  expect(await one.stop()).toEqual({ code: 0, signal: null })
  expect(one.deaths).toHaveLength(MAX_ATTEMPTS + 1)

  // The program is fixed: another build tries again.
  const two = run({ build: 'two', isFixed: true })
  await two.until({ served: 2, goodCount: 3, state: 'committed', quarantine: [] })
  expect(two.deaths).toEqual([])
  expect(await two.stop()).toEqual({ code: 0, signal: null })

  // The first build runs again: its start does not crash from what the second build accepted.
  const back = run({ build: 'one' })
  await back.until({ served: 3, state: 'rejected' })
  expect(await back.stop()).toEqual({ code: 0, signal: null })
  expect(back.deaths).toEqual([])
})

test('A stop by SIGTERM, which closes the service, never counts as a crash, however often it happens', async () => {
  const { publish, run } = createPlace('stops', { value: 1 })
  const first = run()
  await first.until({ served: 1, goodCount: 1 })
  publish({ value: 2 })
  await first.stop()
  for (let stops = 0; stops <= MAX_ATTEMPTS; stops++) {
    const service = run({ soakMs: 3_600_000 })
    await service.until({ state: 'soaking', isGood: true })
    expect(await service.stop()).toEqual({ code: 0, signal: null })
    expect(service.codes).toEqual([])
  }
  const last = run()
  await last.until({ served: 2, goodCount: 2, state: 'committed' })
  expect(last.codes).toEqual([])
})
