import { expect, test } from 'vitest'
import { type Config, configOf, startWorld, type World } from './world.ts'

const all = (value: number): Config =>
  configOf({ a: value, b: value, c: value, d: value, x: value, k: value, l: value })

/** The modules that do not serve the slice of the config, by what users of them see. */
const differing = ({ reloader, served, effects }: World): string[] => {
  const config = reloader.config as Record<string, { value: number } | undefined>
  const wanted = (name: string): number | undefined => config[name]?.value
  const generations = (['a', 'b', 'c', 'd', 'x'] as const).filter(
    (name) => served[name] !== wanted(name) || (wanted(name) !== undefined && effects[name] !== wanted(name)),
  )
  const compensating = (['k', 'l'] as const).filter((name) => effects[name] !== wanted(name))
  return [...generations, ...compensating]
}

/** What rests, and what is true there: G2 itself. */
const expectHonest = (world: World, state: string): void => {
  const status = world.reloader.status()
  expect(status.state).toBe(state)
  expect([...status.degraded].sort()).toEqual(differing(world))
  for (const [name, { state: moduleState }] of Object.entries(status.modules)) {
    expect(moduleState === 'degraded', name).toBe(status.degraded.includes(name))
  }
  if (state !== 'degraded') expect(status.degraded).toEqual([])
}

test('G2 at rest in committed, rejected and rolled-back every module serves the config', async () => {
  const world = await startWorld({ config: all(1), options: { soak: 1_000 } })
  expectHonest(world, 'committed')
  const { a, b, c, d, x, k, l } = world.modules
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
    expect((await world.put(all(100 + index), 2_000)).outcome).toBe('rolled-back')
    expect(world.reloader.config).toEqual(all(1))
    expectHonest(world, 'rolled-back')
  }
  expect((await world.put('{', 0)).outcome).toBe('rejected')
  expectHonest(world, 'rejected')
  expect((await world.put(all(2), 2_000)).outcome).toBe('committed')
  expect(world.reloader.config).toEqual(all(2))
  expectHonest(world, 'committed')
  expect((await world.put(all(2))).outcome).toBe('unchanged')
  expectHonest(world, 'committed')
})

test('G2 at rest after a superseded transaction every module serves the config', async () => {
  const world = await startWorld({ config: all(1) })
  world.modules.d.script('prepare', 'heed')
  world.source.put(all(2))
  await world.advance(10)
  world.modules.d.script('prepare', 'reject')
  world.source.put(all(3))
  expect((await world.next()).outcome).toBe('superseded')
  expect((await world.next()).outcome).toBe('rolled-back')
  expectHonest(world, 'rolled-back')
})

test('G2 degraded names exactly the module whose rollback threw', async () => {
  const world = await startWorld({ config: all(1) })
  world.modules.c.script('rollback', 'throw')
  world.modules.d.script('commit', 'throw')
  expect(await world.put(all(2))).toMatchObject({ outcome: 'degraded', degraded: ['c'] })
  expectHonest(world, 'degraded')
})

test('G2 degraded names exactly the modules whose rollback threw after a failed soak', async () => {
  const world = await startWorld({ config: all(1), options: { soak: 1_000 } })
  world.modules.a.script('rollback', 'throw')
  world.modules.x.script('rollback', 'promise') // a promise is no rollback that is done
  world.modules.x.script('commit', () => {
    world.effects.x = 2
  })
  world.modules.d.script('check', 'reject')
  const record = await world.put(all(2), 1_000)
  expect(record).toMatchObject({ outcome: 'degraded' })
  expect(world.reloader.status().degraded).toContain('a')
  expect(world.reloader.status().degraded).toContain('x')
  expect(world.reloader.status().degraded).toHaveLength(2)
})

test('G2 degraded names exactly the compensating module whose undo failed', async () => {
  const world = await startWorld({ config: all(1) })
  world.modules.k.script('undo', 'reject')
  world.modules.l.script('apply', 'reject')
  expect(await world.put(all(2))).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
  expectHonest(world, 'degraded')
})

test('G2 degraded is repaired by its back-off, and only the named modules are called', async () => {
  const world = await startWorld({ config: all(1), options: { repair: { minMs: 1_000, maxMs: 1_000 } } })
  world.modules.b.script('rollback', 'throw')
  world.modules.x.script('commit', 'throw')
  expect((await world.put(all(2))).outcome).toBe('degraded')
  world.clearCalls()
  const repaired = await world.next(1_000)
  expect(repaired).toMatchObject({
    outcome: 'committed',
    trigger: 'repair',
    modules: [{ module: 'b', change: 'repair' }],
  })
  expectHonest(world, 'committed')
  expect(world.calls).toEqual(['prepare b3', 'commit b3', 'close b1'])
})

test('G2 a repair that fails is tried again until it succeeds', async () => {
  const world = await startWorld({
    config: all(1),
    options: { repair: { minMs: 1_000, maxMs: 4_000 }, random: () => 0.99 },
  })
  world.modules.b.script('rollback', 'throw')
  world.modules.x.script('commit', 'throw')
  await world.put(all(2))
  world.modules.b.script('prepare', 'reject', 'reject', 'reject')
  for (const _ of [1, 2, 3]) {
    expect(await world.next(4_000)).toMatchObject({ outcome: 'rolled-back', trigger: 'repair' })
    expectHonest(world, 'degraded')
  }
  expect(await world.next(4_000)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expectHonest(world, 'committed')
})

test('G2 degraded is repaired by reload(), by retry() of the document that failed, and by the one that serves', async () => {
  const world = await startWorld({ config: all(1), options: { repair: { minMs: 60_000, maxMs: 60_000 } } })
  const degrade = async (value: number): Promise<void> => {
    world.modules.b.script('rollback', 'throw')
    world.modules.x.script('commit', 'throw')
    expect((await world.put(all(value))).outcome).toBe('degraded')
    expectHonest(world, 'degraded')
  }
  await degrade(2)
  // What is in the source is quarantined: to read it again is no reason to try it again, but to repair what serves.
  const reloaded = world.reloader.reload()
  expect(await world.next()).toMatchObject({ outcome: 'rejected', failures: [{ code: 'quarantined' }] })
  expect((await reloaded).trigger).toBe('reload')
  expect(await world.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(world.reloader.config).toEqual(all(1))
  expectHonest(world, 'committed')
  await degrade(3)
  const retried = world.reloader.retry()
  expect(await world.next()).toMatchObject({ outcome: 'committed', trigger: 'retry' })
  expect((await retried).outcome).toBe('committed')
  expect(world.reloader.config).toEqual(all(3)) // the document in the source is good now
  expectHonest(world, 'committed')
  await degrade(4)
  expect(await world.put(all(3))).toMatchObject({ outcome: 'committed', modules: [{ module: 'b', change: 'repair' }] })
  expectHonest(world, 'committed')
})

test('G2 a rejected document, a rollback and a superseded one leave degraded as it was', async () => {
  const world = await startWorld({ config: all(1) })
  world.modules.b.script('rollback', 'throw')
  world.modules.x.script('commit', 'throw')
  await world.put(all(2))
  expect((await world.put('nonsense')).outcome).toBe('rejected')
  expectHonest(world, 'degraded')
  world.modules.a.script('prepare', 'reject')
  expect((await world.put(all(3))).outcome).toBe('rolled-back')
  expectHonest(world, 'degraded')
  world.modules.a.script('prepare', 'heed')
  world.source.put(all(4))
  await world.advance(10)
  world.modules.d.script('prepare', 'reject')
  world.source.put(all(5))
  expect((await world.next()).outcome).toBe('superseded')
  expect((await world.next()).outcome).toBe('rolled-back')
  expectHonest(world, 'degraded')
  expect((await world.put(all(6))).outcome).toBe('committed')
  expectHonest(world, 'committed')
})

test('G2 a second failure adds to what degraded names', async () => {
  const world = await startWorld({ config: all(1) })
  world.modules.b.script('rollback', 'throw')
  world.modules.x.script('commit', 'throw')
  await world.put(all(2))
  world.modules.c.script('rollback', 'throw')
  world.modules.d.script('commit', 'throw')
  expect(await world.put(all(3))).toMatchObject({ outcome: 'degraded', degraded: ['b', 'c'] })
  expectHonest(world, 'degraded')
})
