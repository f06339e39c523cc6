import type { SoakOptions } from 'changeover'
import { expect, test } from 'vitest'
import { type Config, configOf, createHarness, startHarness } from './harness.ts'

const before = configOf({ a: 1, b: 1 })
const after = configOf({ a: 2, b: 2 })
const soak: SoakOptions<Config> = { durationMs: 1_000, intervalMs: 200 }

test('G8 a soak asks its checks at once, at every interval, and at its end', async () => {
  const harness = await startHarness({ config: before, options: { soak } })
  harness.source.put(after)
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['check'] })).toEqual(['check a2', 'check b2'])
  await harness.advance(999)
  expect(harness.callsOf({ hooks: ['check'], modules: ['a'] })).toHaveLength(5)
  expect(harness.reloader.status().state).toBe('soaking')
  await harness.advance(1)
  expect(harness.callsOf({ hooks: ['check'], modules: ['a'] })).toHaveLength(6)
  expect((await harness.next()).outcome).toBe('committed')
  await harness.advance(60_000)
  expect(harness.callsOf({ hooks: ['check'], modules: ['a'] })).toHaveLength(6)
})

test('G8 a soak fails after failureThreshold failed rounds in a row, and not before', async () => {
  const options = { soak: { ...soak, failureThreshold: 3 } }
  const harness = await startHarness({ config: before, options })
  harness.modules.b.script('check', 'reject', 'reject', undefined, 'reject', 'reject')
  expect((await harness.put(after, 3_000)).outcome).toBe('committed')
  harness.modules.b.script('check', undefined, 'reject', 'reject', 'reject')
  const record = await harness.put(configOf({ a: 3, b: 3 }), 3_000)
  expect(record).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.check-failed', module: 'b', phase: 'check' }],
  })
  expect(harness.served).toEqual({ a: 2, b: 2 })
})

test('G8 a soak whose last round fails continues until a good round or the threshold', async () => {
  const options = { soak: { ...soak, failureThreshold: 2 } }
  const harness = await startHarness({ config: before, options })
  harness.modules.b.script('check', undefined, undefined, undefined, undefined, undefined, 'reject', 'reject')
  expect((await harness.put(after, 3_000)).outcome).toBe('rolled-back')
})

test('G8 a check that does not answer in time has failed', async () => {
  const harness = await startHarness({ config: before, options: { soak, deadlines: { checkMs: 500, graceMs: 100 } } })
  for (const behavior of ['heed', 'deaf'] as const) {
    harness.modules.a.script('check', behavior)
    const record = await harness.put(configOf({ a: 3, b: 3 }, behavior), 3_000)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-timeout', module: 'a' }] })
    expect(harness.served).toEqual({ a: 1, b: 1 })
  }
})

test('G8 a health check of the service sees the new config and can roll it back', async () => {
  const seen: unknown[] = []
  const checks: SoakOptions<Config>['checks'] = [
    (config) => {
      seen.push(config)
      if (config.a?.value === 2) throw new Error('unwell')
    },
    async () => {},
  ]
  const harness = await startHarness({ config: before, options: { soak: { ...soak, checks } } })
  seen.length = 0
  expect(await harness.put(after, 3_000)).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'health.failed', phase: 'check' }],
  })
  expect(seen).toEqual([after])
  expect(harness.served).toEqual({ a: 1, b: 1 })
})

test('G8 a first start whose soak fails keeps serving, rests degraded, is not promoted, and recovers later', async () => {
  const harness = createHarness({ config: before, options: { soak, repair: { minMs: 1_000, maxMs: 1_000 } } })
  harness.modules.b.script('check', 'reject', 'reject', undefined)
  await harness.reloader.start() // it serves, because there is no other config
  expect(await harness.next(1_000)).toMatchObject({
    outcome: 'degraded',
    degraded: [],
    failures: [{ code: 'module.check-failed', module: 'b' }],
  })
  expect(harness.served).toEqual({ a: 1, b: 1 })
  expect(harness.callsOf({ hooks: ['rollback', 'close'] })).toEqual([])
  expect(harness.reloader.status()).toMatchObject({ state: 'degraded', serving: { revision: { order: 1 } } })
  expect(harness.reloader.status().lastKnownGood).toBeUndefined()
  expect(await harness.next(1_500)).toMatchObject({ outcome: 'degraded', trigger: 'repair' })
  expect(await harness.next(2_500)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(harness.reloader.status()).toMatchObject({ state: 'committed', lastKnownGood: { revision: { order: 1 } } })
  expect(harness.callsOf({ hooks: ['prepare', 'commit'] })).toHaveLength(4) // it was only checked again
})

test('G8 a first start whose soak fails is repaired by a better document, whose soak checks all modules that have not passed', async () => {
  const harness = createHarness({
    config: before,
    options: { soak, repair: { minMs: 60_000, maxMs: 60_000 }, random: () => 0.99 },
  })
  harness.modules.b.always('check', 'reject')
  await harness.reloader.start()
  expect((await harness.next(1_000)).outcome).toBe('degraded')
  // Only a changes: b is as unhealthy as before, and must not count as checked.
  expect((await harness.put(configOf({ a: 2, b: 1 }), 2_000)).outcome).toBe('degraded')
  harness.modules.b.always('check')
  expect((await harness.put(configOf({ a: 2, b: 3 }), 2_000)).outcome).toBe('committed')
  expect(harness.reloader.status()).toMatchObject({ state: 'committed', degraded: [] })
})

test('G8 without a soak no check is asked', async () => {
  const harness = await startHarness({ config: before })
  await harness.put(after)
  expect(harness.callsOf({ hooks: ['check'] })).toEqual([])
})

test('G8 no more checks run in parallel than concurrency allows', async () => {
  const harness = await startHarness({ config: before, options: { soak, concurrency: 1 } })
  harness.modules.a.script('check', 'deaf')
  harness.source.put(after)
  await harness.advance(50)
  expect(harness.callsOf({ hooks: ['check'] })).toEqual(['check a2'])
  harness.modules.a.release()
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['check'] })).toEqual(['check a2', 'check b2'])
  expect((await harness.next(2_000)).outcome).toBe('committed')
})
