import { expect, test } from 'vitest'
import { configOf, startHarness } from './harness.ts'

const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2 })

test('G5 while everything prepares, nothing that serves is called, closed, moved or changed', async () => {
  const harness = await startHarness({ config: before })
  const { reloader } = harness
  const instances = Object.values(reloader.modules).map(({ current }) => current)
  const effects = { ...harness.effects }
  const received: unknown[] = []
  reloader.subscribe(
    (config) => config,
    (config) => received.push(config),
  )
  harness.modules.d.script('prepare', 'heed')
  harness.source.put(after)
  for (let ms = 0; ms < 20_000; ms += 1_000) {
    await harness.advance(1_000)
    expect(reloader.status().state).toBe('preparing')
    expect(reloader.config).toEqual(before)
    expect(Object.values(reloader.modules).map(({ current }) => current)).toEqual(instances)
    expect(harness.effects).toEqual(effects)
    expect(await reloader.lease(({ config, modules }) => [config, modules.a.current])).toEqual([before, instances[0]])
  }
  expect(harness.calls.sort()).toEqual(['prepare a2', 'prepare b2', 'prepare c2', 'prepare d2', 'prepare x2'])
  expect(received).toEqual([])
})

test.each(['a', 'b', 'c', 'd', 'x'] as const)('G5 a failing prepare of %s calls nothing that serves', async (name) => {
  const harness = await startHarness({ config: before })
  harness.modules[name].script('prepare', 'reject')
  expect((await harness.put(after)).outcome).toBe('rolled-back')
  const touched = harness.calls.filter((call) => !call.startsWith('prepare') && !/ \w2$/.test(call))
  expect(touched).toEqual([])
  expect(harness.callsOf({ hooks: ['commit', 'rollback', 'check', 'apply', 'undo'] })).toEqual([])
  expect(harness.served).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1 })
  expect(harness.effects).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1 })
})

test('G5 a prepare cannot change the slices that it receives', async () => {
  const harness = await startHarness({ config: before })
  const thrown: unknown[] = []
  harness.modules.a.script('prepare', () => {
    const { a } = harness.reloader.config
    if (a === undefined) return
    try {
      ;(a as { value: number }).value = 9
    } catch (error) {
      thrown.push(error)
    }
  })
  await harness.put(after)
  expect(thrown).toMatchObject([{ name: 'TypeError' }])
})

test('G5 a dry run with prepare touches nothing that serves', async () => {
  const harness = await startHarness({ config: before })
  const planned = harness.reloader.plan(JSON.stringify(after), { prepare: true })
  await harness.advance(0)
  expect(await planned).toMatchObject({ verdict: 'changes' })
  expect(harness.callsOf({ hooks: ['commit', 'rollback', 'check', 'apply', 'undo'] })).toEqual([])
  expect(harness.callsOf({ hooks: ['close'] }).every((call) => call.endsWith('2'))).toBe(true)
  expect(harness.reloader.config).toEqual(before)
  expect(harness.records).toHaveLength(1) // the record of the start; the dry run writes none
})
