import { expect, test } from 'vitest'
import { type Config, configOf, startHarness, type Harness } from './harness.ts'

const all = (value: number): Config =>
  configOf({ a: value, b: value, c: value, d: value, x: value, k: value, l: value })

/** Lists the modules that do not serve the slice of the config, as their users see them. */
const differing = ({ reloader, served, effects }: Harness): string[] => {
  const config = reloader.config as Record<string, { value: number } | undefined>
  const wanted = (name: string): number | undefined => config[name]?.value
  const generations = (['a', 'b', 'c', 'd', 'x'] as const).filter(
    (name) => served[name] !== wanted(name) || (wanted(name) !== undefined && effects[name] !== wanted(name)),
  )
  const compensating = (['k', 'l'] as const).filter((name) => effects[name] !== wanted(name))
  return [...generations, ...compensating]
}

/** Checks G2 itself: what is true in the resting state. */
const expectHonest = (harness: Harness, state: string): void => {
  const status = harness.reloader.status()
  expect(status.state).toBe(state)
  expect([...status.degraded].sort()).toEqual(differing(harness))
  for (const [name, { state: moduleState }] of Object.entries(status.modules)) {
    expect(moduleState === 'degraded', name).toBe(status.degraded.includes(name))
  }
  if (state !== 'degraded') expect(status.degraded).toEqual([])
}

test('G2 at rest in committed, rejected and rolled-back every module serves the config', async () => {
  const harness = await startHarness({ config: all(1), options: { soak: 1_000 } })
  expectHonest(harness, 'committed')
  const { a, b, c, d, x, k, l } = harness.modules
  const failing = [
    () => b.script('prepare', 'reject'),
    () => c.script('commit', 'throw'),
    () => x.script('commit', 'throw'),
    () => k.script('apply', 'reject'),
    () => l.script('apply', 'reject'),
    () => d.script('check', 'reject'),
    () => a.script('check', undefined, undefined, 'reject'),
  ]
  for (const [index, script] of failing.entries()) {
    script()
    expect((await harness.put(all(100 + index), 2_000)).outcome).toBe('rolled-back')
    expect(harness.reloader.config).toEqual(all(1))
    expectHonest(harness, 'rolled-back')
  }
  expect((await harness.put('{', 0)).outcome).toBe('rejected')
  expectHonest(harness, 'rejected')
  expect((await harness.put(all(2), 2_000)).outcome).toBe('committed')
  expect(harness.reloader.config).toEqual(all(2))
  expectHonest(harness, 'committed')
  expect((await harness.put(all(2))).outcome).toBe('unchanged')
  expectHonest(harness, 'committed')
})

test('G2 at rest after a superseded transaction every module serves the config', async () => {
  const harness = await startHarness({ config: all(1) })
  harness.modules.d.script('prepare', 'heed')
  harness.source.put(all(2))
  await harness.advance(10)
  harness.modules.d.script('prepare', 'reject')
  harness.source.put(all(3))
  expect((await harness.next()).outcome).toBe('superseded')
  expect((await harness.next()).outcome).toBe('rolled-back')
  expectHonest(harness, 'rolled-back')
})

test('G2 degraded names exactly the module whose rollback threw', async () => {
  const harness = await startHarness({ config: all(1) })
  harness.modules.c.script('rollback', 'throw')
  harness.modules.d.script('commit', 'throw')
  expect(await harness.put(all(2))).toMatchObject({ outcome: 'degraded', degraded: ['c'] })
  expectHonest(harness, 'degraded')
})

test('G2 degraded names exactly the modules whose rollback threw after a failed soak', async () => {
  const harness = await startHarness({ config: all(1), options: { soak: 1_000 } })
  harness.modules.a.script('rollback', 'throw')
  harness.modules.x.script('rollback', 'promise') // a rollback that returns a promise has failed
  harness.modules.x.script('commit', () => {
    harness.effects.x = 2
  })
  harness.modules.d.script('check', 'reject')
  const record = await harness.put(all(2), 1_000)
  expect(record).toMatchObject({ outcome: 'degraded' })
  expect(harness.reloader.status().degraded).toContain('a')
  expect(harness.reloader.status().degraded).toContain('x')
  expect(harness.reloader.status().degraded).toHaveLength(2)
})

test('G2 degraded names exactly the compensating module whose undo failed', async () => {
  const harness = await startHarness({ config: all(1) })
  harness.modules.k.script('undo', 'reject')
  harness.modules.l.script('apply', 'reject')
  expect(await harness.put(all(2))).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
  expectHonest(harness, 'degraded')
})

test('G2 degraded is repaired after its back-off, and only the named modules are called', async () => {
  const harness = await startHarness({ config: all(1), options: { repair: { minMs: 1_000, maxMs: 1_000 } } })
  harness.modules.b.script('rollback', 'throw')
  harness.modules.x.script('commit', 'throw')
  expect((await harness.put(all(2))).outcome).toBe('degraded')
  harness.clearCalls()
  const repaired = await harness.next(1_000)
  expect(repaired).toMatchObject({
    outcome: 'committed',
    trigger: 'repair',
    modules: [{ module: 'b', change: 'repair' }],
  })
  expectHonest(harness, 'committed')
  expect(harness.calls).toEqual(['prepare b3', 'commit b3', 'close b1'])
})

test('G2 a repair that fails is repeated until it succeeds', async () => {
  const harness = await startHarness({
    config: all(1),
    options: { repair: { minMs: 1_000, maxMs: 4_000 }, random: () => 0.99 },
  })
  harness.modules.b.script('rollback', 'throw')
  harness.modules.x.script('commit', 'throw')
  await harness.put(all(2))
  harness.modules.b.script('prepare', 'reject', 'reject', 'reject')
  for (const _ of [1, 2, 3]) {
    expect(await harness.next(4_000)).toMatchObject({ outcome: 'rolled-back', trigger: 'repair' })
    expectHonest(harness, 'degraded')
  }
  expect(await harness.next(4_000)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expectHonest(harness, 'committed')
})

test('G2 degraded is repaired by reload(), by retry() of the failed document, and by the document that serves', async () => {
  const harness = await startHarness({ config: all(1), options: { repair: { minMs: 60_000, maxMs: 60_000 } } })
  const degrade = async (value: number): Promise<void> => {
    harness.modules.b.script('rollback', 'throw')
    harness.modules.x.script('commit', 'throw')
    expect((await harness.put(all(value))).outcome).toBe('degraded')
    expectHonest(harness, 'degraded')
  }
  await degrade(2)
  // Reading it again tries the document of the source, and repairs with it.
  const reloaded = harness.reloader.reload()
  expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'reload' })
  expect((await reloaded).trigger).toBe('reload')
  expect(harness.reloader.config).toEqual(all(2))
  expectHonest(harness, 'committed')
  await degrade(3)
  const retried = harness.reloader.retry()
  expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'retry' })
  expect((await retried).outcome).toBe('committed')
  expect(harness.reloader.config).toEqual(all(3)) // the document in the source is good now
  expectHonest(harness, 'committed')
  await degrade(4)
  expect(await harness.put(all(3))).toMatchObject({
    outcome: 'committed',
    modules: [{ module: 'b', change: 'repair' }],
  })
  expectHonest(harness, 'committed')
})

test('G2 a rejected, a rolled-back and a superseded document leave degraded as it was', async () => {
  const harness = await startHarness({ config: all(1) })
  harness.modules.b.script('rollback', 'throw')
  harness.modules.x.script('commit', 'throw')
  await harness.put(all(2))
  expect((await harness.put('nonsense')).outcome).toBe('rejected')
  expectHonest(harness, 'degraded')
  harness.modules.a.script('prepare', 'reject')
  expect((await harness.put(all(3))).outcome).toBe('rolled-back')
  expectHonest(harness, 'degraded')
  harness.modules.a.script('prepare', 'heed')
  harness.source.put(all(4))
  await harness.advance(10)
  harness.modules.d.script('prepare', 'reject')
  harness.source.put(all(5))
  expect((await harness.next()).outcome).toBe('superseded')
  expect((await harness.next()).outcome).toBe('rolled-back')
  expectHonest(harness, 'degraded')
  expect((await harness.put(all(6))).outcome).toBe('committed')
  expectHonest(harness, 'committed')
})

test('G2 a second failure adds to what degraded names', async () => {
  const harness = await startHarness({ config: all(1) })
  harness.modules.b.script('rollback', 'throw')
  harness.modules.x.script('commit', 'throw')
  await harness.put(all(2))
  harness.modules.c.script('rollback', 'throw')
  harness.modules.d.script('commit', 'throw')
  expect(await harness.put(all(3))).toMatchObject({ outcome: 'degraded', degraded: ['b', 'c'] })
  expectHonest(harness, 'degraded')
})
