import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Hook } from './scripted.ts'
import { configOf, startWorld, type World } from './world.ts'

const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 })

/** The order of the chain's modules in the calls of one hook. */
const orderOf = (world: World, hook: Hook): string[] =>
  world.callsOf({ hooks: [hook] }).map((call) => call.split(' ')[1]?.[0] ?? '')

/** Every dependency of the graph, the first before the second. */
const dependencies = [
  ['a', 'b'],
  ['a', 'c'],
  ['b', 'd'],
  ['c', 'd'],
] as const

const expectOrder = (order: readonly string[], direction: 'forward' | 'back'): void => {
  for (const [first, second] of dependencies) {
    const isForward = order.indexOf(first) < order.indexOf(second)
    expect(isForward, `${first} and ${second} in ${order}`).toBe(direction === 'forward')
  }
}

test('G6 commits go in dependency order, and closes in reverse', async () => {
  const world = await startWorld({ config: before })
  await world.put(after)
  expect(orderOf(world, 'commit')).toEqual(['a', 'b', 'c', 'd', 'x'])
  expectOrder(orderOf(world, 'close'), 'back')
  expect(orderOf(world, 'close')).toHaveLength(5)
})

test('G6 a prepare starts when all it depends on have ended, and side by side with the others', async () => {
  const world = await startWorld({ config: before })
  for (const name of ['a', 'b', 'c', 'd', 'x'] as const) world.modules[name].script('prepare', 'deaf')
  world.source.put(after)
  await world.advance(0)
  expect(world.calls).toEqual(['prepare a2', 'prepare x2'])
  world.modules.a.release()
  await world.advance(0)
  expect(world.calls.slice(2)).toEqual(['prepare b2', 'prepare c2'])
  world.modules.c.release()
  await world.advance(0)
  expect(world.calls.slice(4)).toEqual([]) // d waits for b too
  world.modules.b.release()
  await world.advance(0)
  expect(world.calls.slice(4)).toEqual(['prepare d2'])
  world.modules.d.release()
  await world.advance(0)
  expect(world.callsOf({ hooks: ['commit'] })).toEqual([])
  world.modules.x.release()
  expect((await world.next()).outcome).toBe('committed')
})

test('G6 a chain is a chain even where its middle does not change', async () => {
  const world = await startWorld({ config: configOf({ a: 1, b: 1, d: 1 }) })
  world.modules.a.script('prepare', 'deaf')
  world.source.put(configOf({ a: 2, b: 1, d: 2 }))
  await world.advance(0)
  expect(world.calls).toEqual(['prepare a2'])
  world.modules.a.release()
  expect((await world.next()).outcome).toBe('committed')
  expect(world.calls).toEqual(['prepare a2', 'prepare d2', 'commit a2', 'commit d2', 'close d1', 'close a1'])
})

test('G6 a rollback in the tick goes in reverse, from the thrower on', async () => {
  const world = await startWorld({ config: before })
  world.modules.d.script('commit', 'throw')
  await world.put(after)
  expect(orderOf(world, 'commit')).toEqual(['a', 'b', 'c', 'd'])
  expect(orderOf(world, 'rollback')).toEqual(['d', 'c', 'b', 'a'])
  expectOrder(orderOf(world, 'close'), 'back')
})

test('G6 a rollback after a failed soak goes in reverse, after it the undos in reverse, then the closes', async () => {
  const world = await startWorld({ config: before, options: { soak: 1_000 } })
  world.modules.x.script('check', 'reject')
  await world.put(after, 1_000)
  const back = world.calls.slice(world.calls.indexOf('rollback x2'))
  expect(back.slice(0, 7)).toEqual([
    'rollback x2',
    'rollback d2',
    'rollback c2',
    'rollback b2',
    'rollback a2',
    'undo l:1',
    'undo k:1',
  ])
  expectOrder(orderOf(world, 'close'), 'back')
})

test('G6 a close waits for the closes of those that depend on it, not for others', async () => {
  const world = await startWorld({ config: before })
  world.modules.d.script('close', 'deaf')
  await world.put(after)
  expect(world.callsOf({ hooks: ['close'] }).sort()).toEqual(['close d1', 'close x1'])
  world.modules.d.release()
  await world.advance(0)
  expectOrder(orderOf(world, 'close'), 'back')
})

test('G6 the reloader closes in reverse, compensating modules first', async () => {
  const world = await startWorld({ config: before })
  await world.reloader.close()
  expect(world.callsOf({ hooks: ['close'] }).slice(0, 2)).toEqual(['close l', 'close k'])
  expectOrder(orderOf(world, 'close'), 'back')
})

test('G6 generations that need each other close in reverse although different transactions retire them', async () => {
  const world = await startWorld({ config: configOf({ a: 1, c: 1 }) })
  world.modules.c.script('close', 'deaf')
  await world.put(configOf({ a: 1, c: 2 })) // c1 is retired here, and its close takes long
  await world.put(configOf({ a: 2, c: 2 })) // a1 is retired here, which c1 was prepared with
  await world.advance(1_000)
  expect(world.callsOf({ hooks: ['close'] })).toEqual(['close c1', 'close c2'])
  world.modules.c.release()
  await world.advance(0)
  expect(world.callsOf({ hooks: ['close'] })).toEqual(['close c1', 'close c2', 'close a1'])
})

test('G6 a leased generation keeps what it needs open, over two transactions and the close', async () => {
  const world = await startWorld({ config: configOf({ a: 1, c: 1 }) })
  let open: () => void = () => {}
  const using = world.reloader.modules.c.use(async (instance) => {
    await new Promise<void>((resolve) => {
      open = resolve
    })
    return (instance?.needs.a as { closes: number } | undefined)?.closes
  })
  await world.put(configOf({ a: 1, c: 2 }))
  await world.put(configOf({ a: 2, c: 2 }))
  const closed = world.reloader.close()
  await world.advance(1_000)
  expect(world.callsOf({ hooks: ['close'] })).toEqual(['close c2', 'close c3', 'close a2'])
  open()
  expect(await using).toBe(0)
  await closed
  expect(world.callsOf({ hooks: ['close'] }).slice(3)).toEqual(['close c1', 'close a1'])
})

test('G6 needs give the staged instance where that module changes too, else the serving one', async () => {
  const world = await startWorld({ config: configOf({ a: 1, c: 1 }) })
  const needOf = () => world.reloader.modules.c.current?.needs.a
  const first = world.reloader.modules.a.current
  expect(needOf()).toBe(first)
  await world.put(configOf({ a: 1, c: 2 }))
  expect(needOf()).toBe(first) // only c changed: the serving one
  await world.put(configOf({ a: 3, c: 3 }))
  expect(world.reloader.modules.a.current).not.toBe(first)
  expect(needOf()).toBe(world.reloader.modules.a.current) // both changed: the one that serves with it
  await world.put(configOf({ a: 4, c: 3 }))
  expect(needOf()).toBe(world.reloader.modules.a.current) // its need changed: prepared anew
})

test('G6 no more prepares run side by side than concurrency allows, and all of them get their turn', async () => {
  const names = ['m1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'] as const
  const waiting: (() => void)[] = []
  let most = 0
  const applier = () => ({
    prepare: async () => {
      await new Promise<void>((resolve) => {
        waiting.push(resolve)
        most = Math.max(most, waiting.length)
      })
      return { instance: true }
    },
  })
  const schema = z.strictObject({ version: z.number() })
  const source = memorySource({ version: 1 })
  const reloader = createReloader({ source, schema, concurrency: 3 })
  for (const name of names)
    (reloader.use as (...of: unknown[]) => unknown)(name, (config: unknown) => config, applier())
  const started = reloader.start()
  for (let left: number = names.length; left > 0; left--) {
    await expect.poll(() => waiting.length, { timeout: 20_000 }).toBe(Math.min(3, left))
    waiting.shift()?.()
  }
  await started
  expect(most).toBe(3)
  await reloader.close()
})
