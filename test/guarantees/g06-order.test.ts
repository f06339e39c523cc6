import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Hook } from './scripted-modules.ts'
import { configOf, startHarness, type Harness } from './harness.ts'

const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 })

/** Lists the modules of the chain in the order in which one hook was called. */
const orderOf = (harness: Harness, hook: Hook): string[] =>
  harness.callsOf({ hooks: [hook] }).map((call) => call.split(' ')[1]?.[0] ?? '')

/** Lists every dependency of the graph, with the dependency first. */
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

test('G6 commits run in dependency order, and closes in reverse', async () => {
  const harness = await startHarness({ config: before })
  await harness.put(after)
  expect(orderOf(harness, 'commit')).toEqual(['a', 'b', 'c', 'd', 'x'])
  expectOrder(orderOf(harness, 'close'), 'back')
  expect(orderOf(harness, 'close')).toHaveLength(5)
})

test('G6 a prepare starts when all its dependencies have ended, in parallel with the others', async () => {
  const harness = await startHarness({ config: before })
  for (const name of ['a', 'b', 'c', 'd', 'x'] as const) harness.modules[name].script('prepare', 'deaf')
  harness.source.put(after)
  await harness.advance(0)
  expect(harness.calls).toEqual(['prepare a2', 'prepare x2'])
  harness.modules.a.release()
  await harness.advance(0)
  expect(harness.calls.slice(2)).toEqual(['prepare b2', 'prepare c2'])
  harness.modules.c.release()
  await harness.advance(0)
  expect(harness.calls.slice(4)).toEqual([]) // d also waits for b
  harness.modules.b.release()
  await harness.advance(0)
  expect(harness.calls.slice(4)).toEqual(['prepare d2'])
  harness.modules.d.release()
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['commit'] })).toEqual([])
  harness.modules.x.release()
  expect((await harness.next()).outcome).toBe('committed')
})

test('G6 a chain stays a chain even if its middle does not change', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, b: 1, d: 1 }) })
  harness.modules.a.script('prepare', 'deaf')
  harness.source.put(configOf({ a: 2, b: 1, d: 2 }))
  await harness.advance(0)
  expect(harness.calls).toEqual(['prepare a2'])
  harness.modules.a.release()
  expect((await harness.next()).outcome).toBe('committed')
  expect(harness.calls).toEqual(['prepare a2', 'prepare d2', 'commit a2', 'commit d2', 'close d1', 'close a1'])
})

test('G6 a rollback during the commit runs in reverse, starting with the module that threw', async () => {
  const harness = await startHarness({ config: before })
  harness.modules.d.script('commit', 'throw')
  await harness.put(after)
  expect(orderOf(harness, 'commit')).toEqual(['a', 'b', 'c', 'd'])
  expect(orderOf(harness, 'rollback')).toEqual(['d', 'c', 'b', 'a'])
  expectOrder(orderOf(harness, 'close'), 'back')
})

test('G6 a rollback after a failed soak runs in reverse, followed by the undos in reverse and the closes', async () => {
  const harness = await startHarness({ config: before, options: { soak: 1_000 } })
  harness.modules.x.script('check', 'reject')
  await harness.put(after, 1_000)
  const back = harness.calls.slice(harness.calls.indexOf('rollback x2'))
  expect(back.slice(0, 7)).toEqual([
    'rollback x2',
    'rollback d2',
    'rollback c2',
    'rollback b2',
    'rollback a2',
    'undo l:1',
    'undo k:1',
  ])
  expectOrder(orderOf(harness, 'close'), 'back')
})

test('G6 a close waits for the closes of its dependents, but not for others', async () => {
  const harness = await startHarness({ config: before })
  harness.modules.d.script('close', 'deaf')
  await harness.put(after)
  expect(harness.callsOf({ hooks: ['close'] }).sort()).toEqual(['close d1', 'close x1'])
  harness.modules.d.release()
  await harness.advance(0)
  expectOrder(orderOf(harness, 'close'), 'back')
})

test('G6 the reloader closes in reverse, compensating modules first', async () => {
  const harness = await startHarness({ config: before })
  await harness.reloader.close()
  expect(harness.callsOf({ hooks: ['close'] }).slice(0, 2)).toEqual(['close l', 'close k'])
  expectOrder(orderOf(harness, 'close'), 'back')
})

test('G6 generations that need each other close in reverse even if different transactions retire them', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, c: 1 }) })
  harness.modules.c.script('close', 'deaf')
  await harness.put(configOf({ a: 1, c: 2 })) // c1 is retired here, and its close is slow
  await harness.put(configOf({ a: 2, c: 2 })) // a1, with which c1 was prepared, is retired here
  await harness.advance(1_000)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close c1', 'close c2'])
  harness.modules.c.release()
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close c1', 'close c2', 'close a1'])
})

test('G6 a leased generation keeps its dependencies open, over two transactions and the close', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, c: 1 }) })
  let open: () => void = () => {}
  const using = harness.reloader.modules.c.use(async (instance) => {
    await new Promise<void>((resolve) => {
      open = resolve
    })
    return (instance?.needs.a as { closes: number } | undefined)?.closes
  })
  await harness.put(configOf({ a: 1, c: 2 }))
  await harness.put(configOf({ a: 2, c: 2 }))
  const closed = harness.reloader.close()
  await harness.advance(1_000)
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close c2', 'close c3', 'close a2'])
  open()
  expect(await using).toBe(0)
  await closed
  expect(harness.callsOf({ hooks: ['close'] }).slice(3)).toEqual(['close c1', 'close a1'])
})

test('G6 needs receive the staged instance if that module changes too, or else the serving one', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, c: 1 }) })
  const needOf = () => harness.reloader.modules.c.current?.needs.a
  const first = harness.reloader.modules.a.current
  expect(needOf()).toBe(first)
  await harness.put(configOf({ a: 1, c: 2 }))
  expect(needOf()).toBe(first) // only c changed, so it gets the serving one
  await harness.put(configOf({ a: 3, c: 3 }))
  expect(harness.reloader.modules.a.current).not.toBe(first)
  expect(needOf()).toBe(harness.reloader.modules.a.current) // both changed, so it gets the one that serves with it
  await harness.put(configOf({ a: 4, c: 3 }))
  expect(needOf()).toBe(harness.reloader.modules.a.current) // its dependency changed, so it is prepared again
})

test('G6 no more prepares run in parallel than concurrency allows, and all of them run eventually', async () => {
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
