import { type Failure, unsafeCause } from 'changeover'
import { expect, test } from 'vitest'
import { configOf, startHarness, type Harness } from './harness.ts'

const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 })
const repair = { minMs: 60_000, maxMs: 60_000 }

const failuresOf = (record: { outcome: string }): string[] =>
  (record as { failures?: readonly Failure[] }).failures?.map(({ code, module }) => `${code} ${module}`) ?? []

const start = (soak = 0): Promise<Harness> => startHarness({ config: before, options: { repair, soak } })

test('G9 a rollback that throws stops no other, and the first cause comes first', async () => {
  const harness = await start()
  harness.modules.d.script('commit', 'throw')
  harness.modules.c.script('rollback', 'throw')
  const record = await harness.put(after)
  expect(record).toMatchObject({ outcome: 'degraded', degraded: ['c'] })
  expect(failuresOf(record)).toEqual(['module.commit-failed d', 'module.rollback-failed c'])
  expect(harness.callsOf({ hooks: ['rollback'] })).toEqual(['rollback d2', 'rollback c2', 'rollback b2', 'rollback a2'])
  expect(harness.effects).toMatchObject({ a: 1, b: 1, d: 1, x: 1 })
})

test('G9 two rollbacks that throw and one that returns a promise stop no other', async () => {
  const harness = await start()
  harness.modules.x.script('commit', 'throw')
  harness.modules.d.script('rollback', 'throw')
  harness.modules.c.script('rollback', 'reject')
  harness.modules.b.script('rollback', 'throw')
  const record = await harness.put(after)
  expect(record.outcome).toBe('degraded')
  expect([...harness.reloader.status().degraded].sort()).toEqual(['b', 'c', 'd'])
  expect(failuresOf(record)).toEqual([
    'module.commit-failed x',
    'module.rollback-failed d',
    'module.rollback-failed c',
    'module.rollback-failed b',
  ])
  expect(harness.callsOf({ hooks: ['rollback'] })).toHaveLength(5)
  expect(harness.effects).toMatchObject({ a: 1, x: 1 })
})

test('G9 a module whose commit and rollback both throw is reported for both', async () => {
  const harness = await start()
  harness.modules.b.script('commit', 'throw')
  harness.modules.b.script('rollback', 'throw')
  const record = await harness.put(after)
  expect(record).toMatchObject({ outcome: 'degraded', degraded: ['b'] })
  expect(failuresOf(record)).toEqual(['module.commit-failed b', 'module.rollback-failed b'])
  expect(harness.effects.a).toBe(1)
})

test('G9 after a failed soak every rollback and every undo is called, even if others fail', async () => {
  const harness = await start(1_000)
  harness.modules.a.script('check', 'reject')
  harness.modules.x.script('rollback', 'throw')
  harness.modules.b.script('rollback', 'throw')
  harness.modules.l.script('undo', 'reject')
  harness.modules.k.script('undo', 'throw')
  const record = await harness.put(after, 2_000)
  expect(record.outcome).toBe('degraded')
  expect([...harness.reloader.status().degraded].sort()).toEqual(['b', 'k', 'l', 'x'])
  expect(failuresOf(record)).toEqual([
    'module.check-failed a',
    'module.rollback-failed x',
    'module.rollback-failed b',
    'module.undo-failed l',
    'module.undo-failed k',
  ])
  expect(harness.callsOf({ hooks: ['rollback', 'undo'] })).toHaveLength(7)
  expect(harness.served).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1 }) // the generations were rolled back nevertheless
})

test('G9 every module whose check failed is reported', async () => {
  const harness = await start(1_000)
  for (const name of ['a', 'c', 'x'] as const) harness.modules[name].script('check', 'reject')
  const record = await harness.put(after, 2_000)
  expect(failuresOf(record)).toEqual(['module.check-failed a', 'module.check-failed c', 'module.check-failed x'])
})

test('G9 a prepare that fails is the only cause: those that were abandoned for it are not reported', async () => {
  const harness = await start()
  harness.modules.x.script('prepare', 'heed')
  harness.modules.a.script('prepare', 'reject')
  expect(failuresOf(await harness.put(after))).toEqual(['module.prepare-failed a'])
})

test('G9 each failure keeps its own original error, outside the record', async () => {
  const harness = await start()
  const [first, second] = [new Error('first'), new Error('second')]
  const throwing = (error: Error) => () => {
    throw error
  }
  harness.modules.d.script('commit', throwing(first))
  harness.modules.a.script('rollback', throwing(second))
  const record = await harness.put(after)
  const [commit, rollback] = record.outcome === 'degraded' ? record.failures : []
  expect(commit !== undefined && unsafeCause(commit)).toBe(first)
  expect(rollback !== undefined && unsafeCause(rollback)).toBe(second)
  expect(JSON.stringify(record)).not.toMatch(/first|second/)
})

test('G9 everything that failed is repaired together', async () => {
  const harness = await start()
  harness.modules.x.script('commit', 'throw')
  harness.modules.d.script('rollback', 'throw')
  harness.modules.b.script('rollback', 'throw')
  await harness.put(after)
  const record = await harness.put(before)
  expect(record).toMatchObject({ outcome: 'committed', modules: [{ module: 'b' }, { module: 'd' }] })
  expect(harness.effects).toMatchObject({ a: 1, b: 1, c: 1, d: 1, x: 1 })
})
