import { expect, test } from 'vitest'
import { configOf, startWorld, type World } from './world.ts'

const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2 })

const instances = ({ reloader }: World) => Object.values(reloader.modules).map(({ current }) => current)

const ways: readonly [string, (world: World) => void][] = [
  ['a prepare', ({ modules }) => modules.d.script('prepare', 'reject')],
  ['the first commit', ({ modules }) => modules.a.script('commit', 'throw')],
  ['the last commit', ({ modules }) => modules.x.script('commit', 'throw')],
  ['an apply', ({ modules }) => modules.k.script('apply', 'reject')],
  ['the first round of checks', ({ modules }) => modules.b.script('check', 'reject')],
  ['a later round of checks', ({ modules }) => modules.b.script('check', undefined, undefined, 'throw')],
  ['a check that does not answer', ({ modules }) => modules.b.script('check', 'heed')],
]

const options = { soak: 1_000, deadlines: { checkMs: 500, graceMs: 100 } }

test.each(ways)('G8 after a failure in %s the same instances serve as before, open', async (_, script) => {
  const world = await startWorld({ config: before, options })
  const served = instances(world)
  const { config } = world.reloader
  script(world)
  expect((await world.put(after, 2_000)).outcome).toBe('rolled-back')
  expect(world.reloader.config).toBe(config)
  for (const [index, instance] of instances(world).entries()) expect(instance).toBe(served[index])
  expect(served.filter((instance) => instance?.closes)).toEqual([])
  expect(world.effects).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1 })
})

test('G8 nothing that served is closed before the soak of what replaced it has passed', async () => {
  const world = await startWorld({ config: before, options: { soak: 10_000 } })
  world.source.put(after)
  for (let ms = 0; ms < 9_000; ms += 1_000) {
    await world.advance(1_000)
    expect(world.reloader.status()).toMatchObject({
      state: 'soaking',
      serving: { revision: { order: 2 } },
      lastKnownGood: { revision: { order: 1 } },
    })
    expect(world.callsOf({ hooks: ['close'] })).toEqual([])
  }
  expect((await world.next(2_000)).outcome).toBe('committed')
  expect(world.callsOf({ hooks: ['close'] })).toHaveLength(5)
  expect(world.reloader.status()).toMatchObject({ lastKnownGood: { revision: { order: 2 } } })
})

test('G8 the last known good document ends a soak: the same instances serve again', async () => {
  const world = await startWorld({ config: before, options: { soak: 10_000 } })
  const served = instances(world)
  world.source.put(after)
  await world.advance(1_000)
  world.source.put(before)
  expect((await world.next()).outcome).toBe('superseded')
  await world.next()
  for (const [index, instance] of instances(world).entries()) expect(instance).toBe(served[index])
  expect(world.callsOf({ hooks: ['close'] }).every((call) => call.endsWith('2'))).toBe(true)
})

test('G8 an instance survives any number of failed reloads', async () => {
  const world = await startWorld({ config: before, options })
  const served = instances(world)
  for (let round = 0; round < 30; round++) {
    const [, script] = ways[round % ways.length] ?? []
    script?.(world)
    const value = 100 + round
    const config = configOf({ a: value, b: value, c: value, d: value, x: value, k: value })
    expect((await world.put(config, 2_000)).outcome).toBe('rolled-back')
  }
  for (const [index, instance] of instances(world).entries()) expect(instance).toBe(served[index])
})

test('G8 what a rollback restored is closed once it is replaced for good', async () => {
  const world = await startWorld({ config: before, options: { soak: 1_000 } })
  world.modules.c.script('check', 'reject')
  expect((await world.put(after, 1_500)).outcome).toBe('rolled-back')
  void world.reloader.retry()
  expect((await world.next(1_500)).outcome).toBe('committed')
  expect(world.served).toEqual({ a: 2, b: 2, c: 2, d: 2, x: 2 })
  expect(world.callsOf({ hooks: ['close'] }).filter((call) => call.endsWith('1'))).toHaveLength(5)
})
