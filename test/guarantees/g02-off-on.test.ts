import { expect, test } from 'vitest'
import { configOf, startWorld } from './world.ts'

test('G2 a module whose slice goes away is off: no current, and its generation is closed after the soak', async () => {
  const world = await startWorld({ config: configOf({ a: 1, x: 1 }), options: { soak: 1_000 } })
  world.source.put(configOf({ a: 1 }))
  await world.advance(500)
  expect(world.reloader.status().state).toBe('soaking')
  expect(world.reloader.modules.x.current).toBeUndefined()
  expect(world.calls).not.toContain('close x1')
  expect((await world.next(1_000)).modules).toMatchObject([{ module: 'x', change: 'off' }])
  expect(world.calls).toEqual(['close x1'])
  expect(world.reloader.status().modules.x).toMatchObject({ state: 'off', opened: 1, closed: 1, live: 0 })
})

test('G2 a module that was switched off comes back as the same instance when the transaction is taken back', async () => {
  const world = await startWorld({ config: configOf({ a: 1, x: 1 }), options: { soak: 1_000 } })
  const before = world.reloader.modules.x.current
  world.modules.a.script('check', 'reject')
  expect((await world.put(configOf({ a: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect(world.reloader.modules.x.current).toBe(before)
  expect(world.callsOf({ modules: ['x'] })).toEqual([])
})

test('G2 a module is switched on and off and on again, without a previous slice each time', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }) })
  expect(world.reloader.modules.x.current).toBeUndefined()
  for (const generation of [1, 2, 3]) {
    const on = await world.put(configOf({ a: 1, x: generation }))
    expect(on.modules).toMatchObject([{ module: 'x', change: 'open' }])
    expect(world.reloader.modules.x.current).toMatchObject({ generation, value: generation })
    await world.put(configOf({ a: 1 }))
    expect(world.reloader.modules.x.current).toBeUndefined()
  }
  expect(world.callsOf({ modules: ['x'] })).toEqual(
    [1, 2, 3].flatMap((generation) => [`prepare x${generation}`, `commit x${generation}`, `close x${generation}`]),
  )
})

test('G2 a module that fails to be switched on stays off', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }) })
  world.modules.x.script('commit', 'throw')
  expect((await world.put(configOf({ a: 1, x: 1 }))).outcome).toBe('rolled-back')
  expect(world.reloader.modules.x.current).toBeUndefined()
  expect(world.effects.x).toBeUndefined()
  expect(world.callsOf({ hooks: ['close'] })).toEqual(['close x1'])
})

test('G2 needs of a module that is switched off are undefined, and those of one switched on are the staged instance', async () => {
  const world = await startWorld({ config: configOf({ a: 1, c: 1 }) })
  const needOf = () => world.reloader.modules.c.current?.needs.a
  await world.put(configOf({ c: 1 }))
  expect(world.reloader.modules.c.current?.generation).toBe(2)
  expect(needOf()).toBeUndefined()
  await world.put(configOf({ a: 2, c: 1 }))
  expect(world.reloader.modules.c.current?.generation).toBe(3)
  expect(needOf()).toBe(world.reloader.modules.a.current)
})

test('G2 use of a module that is off gets undefined', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }) })
  expect(await world.reloader.modules.x.use((instance) => instance)).toBeUndefined()
})

test('G2 a compensating module that is switched off is closed after the soak, and not when it is taken back', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { soak: 1_000 } })
  world.modules.a.script('check', 'reject')
  expect((await world.put(configOf({ a: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect(world.callsOf({ modules: ['k'] })).toEqual([])
  expect(world.effects.k).toBe(1)
  world.source.put(configOf({ a: 3 }))
  await world.advance(500)
  expect(world.callsOf({ modules: ['k'] })).toEqual([])
  expect((await world.next(1_000)).outcome).toBe('committed')
  expect(world.callsOf({ modules: ['k'] })).toEqual(['close k'])
  await world.put(configOf({ a: 3, k: 2 }), 1_500)
  expect(world.callsOf({ modules: ['k'] })).toEqual(['close k', 'apply k:2'])
})

test('G2 a compensating module is switched on again only when its close has ended', async () => {
  const world = await startWorld({ config: configOf({ k: 1 }) })
  world.modules.k.script('close', 'deaf')
  await world.put(configOf({}))
  world.source.put(configOf({ k: 2 }))
  await world.advance(1_000)
  expect(world.reloader.status().state).toBe('completing')
  expect(world.callsOf({ modules: ['k'] })).toEqual(['close k'])
  world.modules.k.release()
  expect((await world.next()).outcome).toBe('committed')
  expect(world.callsOf({ modules: ['k'] })).toEqual(['close k', 'apply k:2'])
  expect(world.effects.k).toBe(2)
})

test('G2 a compensating module whose close never ends is not switched on', async () => {
  const world = await startWorld({ config: configOf({ k: 1 }), options: { deadlines: { closeMs: 5_000 } } })
  world.modules.k.script('close', 'deaf')
  await world.put(configOf({}))
  expect(await world.put(configOf({ k: 2 }), 6_000)).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [{ code: 'module.unsettled', module: 'k' }, { code: 'module.unsettled' }],
  })
  expect(world.callsOf({ modules: ['k'] })).toEqual(['close k'])
  const closed = world.reloader.close()
  world.modules.k.release()
  await world.advance(0)
  await closed
  expect(world.callsOf({ modules: ['k'] })).toEqual(['close k']) // it has been closed: not once more
})
