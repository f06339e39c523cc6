import { expect, test } from 'vitest'
import { configOf, startHarness, type Harness } from './harness.ts'

const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2 })

const instances = ({ reloader }: Harness) => Object.values(reloader.modules).map(({ current }) => current)

const ways: readonly [string, (harness: Harness) => void][] = [
  ['a prepare', ({ modules }) => modules.d.script('prepare', 'reject')],
  ['the first commit', ({ modules }) => modules.a.script('commit', 'throw')],
  ['the last commit', ({ modules }) => modules.x.script('commit', 'throw')],
  ['an apply', ({ modules }) => modules.k.script('apply', 'reject')],
  ['the first round of checks', ({ modules }) => modules.b.script('check', 'reject')],
  ['a later round of checks', ({ modules }) => modules.b.script('check', undefined, undefined, 'throw')],
  ['a check that does not answer', ({ modules }) => modules.b.script('check', 'heed')],
]

const options = { soak: 1_000, deadlines: { checkMs: 500, graceMs: 100 } }

test.each(ways)('G8 after a failure in %s the same open instances serve as before', async (_, script) => {
  const harness = await startHarness({ config: before, options })
  const served = instances(harness)
  const { config } = harness.reloader
  script(harness)
  expect((await harness.put(after, 2_000)).outcome).toBe('rolled-back')
  expect(harness.reloader.config).toBe(config)
  for (const [index, instance] of instances(harness).entries()) expect(instance).toBe(served[index])
  expect(served.filter((instance) => instance?.closes)).toEqual([])
  expect(harness.effects).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1 })
})

test('G8 what served is not closed before the soak of its replacement has passed', async () => {
  const harness = await startHarness({ config: before, options: { soak: 10_000 } })
  harness.source.put(after)
  for (let ms = 0; ms < 9_000; ms += 1_000) {
    await harness.advance(1_000)
    expect(harness.reloader.status()).toMatchObject({
      state: 'soaking',
      serving: { revision: { order: 2 } },
      lastKnownGood: { revision: { order: 1 } },
    })
    expect(harness.callsOf({ hooks: ['close'] })).toEqual([])
  }
  expect((await harness.next(2_000)).outcome).toBe('committed')
  expect(harness.callsOf({ hooks: ['close'] })).toHaveLength(5)
  expect(harness.reloader.status()).toMatchObject({ lastKnownGood: { revision: { order: 2 } } })
})

test('G8 the last known good ends a soak, and the same instances serve again', async () => {
  const harness = await startHarness({ config: before, options: { soak: 10_000 } })
  const served = instances(harness)
  harness.source.put(after)
  await harness.advance(1_000)
  harness.source.put(before)
  expect((await harness.next()).outcome).toBe('superseded')
  await harness.next()
  for (const [index, instance] of instances(harness).entries()) expect(instance).toBe(served[index])
  expect(harness.callsOf({ hooks: ['close'] }).every((call) => call.endsWith('2'))).toBe(true)
})

test('G8 an instance survives any number of failed reloads', async () => {
  const harness = await startHarness({ config: before, options })
  const served = instances(harness)
  for (let round = 0; round < 30; round++) {
    const [, script] = ways[round % ways.length] ?? []
    script?.(harness)
    const value = 100 + round
    const config = configOf({ a: value, b: value, c: value, d: value, x: value, k: value })
    expect((await harness.put(config, 2_000)).outcome).toBe('rolled-back')
  }
  for (const [index, instance] of instances(harness).entries()) expect(instance).toBe(served[index])
})

test('G8 what a rollback restored is closed once it is replaced for good', async () => {
  const harness = await startHarness({ config: before, options: { soak: 1_000 } })
  harness.modules.c.script('check', 'reject')
  expect((await harness.put(after, 1_500)).outcome).toBe('rolled-back')
  void harness.reloader.retry()
  expect((await harness.next(1_500)).outcome).toBe('committed')
  expect(harness.served).toEqual({ a: 2, b: 2, c: 2, d: 2, x: 2 })
  expect(harness.callsOf({ hooks: ['close'] }).filter((call) => call.endsWith('1'))).toHaveLength(5)
})
