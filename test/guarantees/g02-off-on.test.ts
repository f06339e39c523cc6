import { expect, test } from 'vitest'
import { configOf, startHarness } from './harness.ts'

test('G2 a module whose slice disappears is off: it has no current, and its generation is closed after the soak', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, x: 1 }), options: { soak: 1_000 } })
  harness.source.put(configOf({ a: 1 }))
  await harness.advance(500)
  expect(harness.reloader.status().state).toBe('soaking')
  expect(harness.reloader.modules.x.current).toBeUndefined()
  expect(harness.calls).not.toContain('close x1')
  expect((await harness.next(1_000)).modules).toMatchObject([{ module: 'x', change: 'off' }])
  expect(harness.calls).toEqual(['close x1'])
  expect(harness.reloader.status().modules.x).toMatchObject({ state: 'off', opened: 1, closed: 1, live: 0 })
})

test('G2 a module that was switched off returns as the same instance when the transaction is rolled back', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, x: 1 }), options: { soak: 1_000 } })
  const before = harness.reloader.modules.x.current
  harness.modules.a.script('check', 'reject')
  expect((await harness.put(configOf({ a: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect(harness.reloader.modules.x.current).toBe(before)
  expect(harness.callsOf({ modules: ['x'] })).toEqual([])
})

test('G2 a module can be switched on, off and on again, without a previous slice each time', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }) })
  expect(harness.reloader.modules.x.current).toBeUndefined()
  for (const generation of [1, 2, 3]) {
    const on = await harness.put(configOf({ a: 1, x: generation }))
    expect(on.modules).toMatchObject([{ module: 'x', change: 'open' }])
    expect(harness.reloader.modules.x.current).toMatchObject({ generation, value: generation })
    await harness.put(configOf({ a: 1 }))
    expect(harness.reloader.modules.x.current).toBeUndefined()
  }
  expect(harness.callsOf({ modules: ['x'] })).toEqual(
    [1, 2, 3].flatMap((generation) => [`prepare x${generation}`, `commit x${generation}`, `close x${generation}`]),
  )
})

test('G2 a module whose switch-on fails stays off', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }) })
  harness.modules.x.script('commit', 'throw')
  expect((await harness.put(configOf({ a: 1, x: 1 }))).outcome).toBe('rolled-back')
  expect(harness.reloader.modules.x.current).toBeUndefined()
  expect(harness.effects.x).toBeUndefined()
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close x1'])
})

test('G2 needs on a module that is switched off are undefined, and on one that is switched on are the staged instance', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, c: 1 }) })
  const needOf = () => harness.reloader.modules.c.current?.needs.a
  await harness.put(configOf({ c: 1 }))
  expect(harness.reloader.modules.c.current?.generation).toBe(2)
  expect(needOf()).toBeUndefined()
  await harness.put(configOf({ a: 2, c: 1 }))
  expect(harness.reloader.modules.c.current?.generation).toBe(3)
  expect(needOf()).toBe(harness.reloader.modules.a.current)
})

test('G2 use of a module that is off receives undefined', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }) })
  expect(await harness.reloader.modules.x.use((instance) => instance)).toBeUndefined()
})

test('G2 a compensating module that is switched off is closed after the soak, and not if that is rolled back', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { soak: 1_000 } })
  harness.modules.a.script('check', 'reject')
  expect((await harness.put(configOf({ a: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect(harness.callsOf({ modules: ['k'] })).toEqual([])
  expect(harness.effects.k).toBe(1)
  harness.source.put(configOf({ a: 3 }))
  await harness.advance(500)
  expect(harness.callsOf({ modules: ['k'] })).toEqual([])
  expect((await harness.next(1_000)).outcome).toBe('committed')
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['close k'])
  await harness.put(configOf({ a: 3, k: 2 }), 1_500)
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['close k', 'apply k:2'])
})

test('G2 a compensating module is switched on again only when its close has ended', async () => {
  const harness = await startHarness({ config: configOf({ k: 1 }) })
  harness.modules.k.script('close', 'deaf')
  await harness.put(configOf({}))
  harness.source.put(configOf({ k: 2 }))
  await harness.advance(1_000)
  expect(harness.reloader.status().state).toBe('completing')
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['close k'])
  harness.modules.k.release()
  expect((await harness.next()).outcome).toBe('committed')
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['close k', 'apply k:2'])
  expect(harness.effects.k).toBe(2)
})

test('G2 a compensating module whose close never ends is not switched on', async () => {
  const harness = await startHarness({ config: configOf({ k: 1 }), options: { deadlines: { closeMs: 5_000 } } })
  harness.modules.k.script('close', 'deaf')
  await harness.put(configOf({}))
  expect(await harness.put(configOf({ k: 2 }), 6_000)).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [{ code: 'module.unsettled', module: 'k' }, { code: 'module.unsettled' }],
  })
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['close k'])
  const closed = harness.reloader.close()
  harness.modules.k.release()
  await harness.advance(0)
  await closed
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['close k']) // it is not closed a second time
})
