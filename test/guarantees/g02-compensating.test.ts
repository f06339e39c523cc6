import { expect, test } from 'vitest'
import { configOf, startWorld } from './world.ts'

const deadlines = { applyMs: 5_000, graceMs: 1_000 }
const repair = { minMs: 1_000, maxMs: 1_000 }

test('G2 compensating modules apply after the tick, in dependency order, with next and previous', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1, l: 1 }) })
  expect((await world.put(configOf({ a: 2, k: 2, l: 2 }))).outcome).toBe('committed')
  expect(world.calls).toEqual(['prepare a2', 'commit a2', 'apply k:2', 'apply l:2', 'close a1'])
})

test('G2 a failing apply is undone with those before it, in reverse, after the swap back', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1, l: 1 }) })
  world.modules.l.script('apply', 'reject')
  const record = await world.put(configOf({ a: 2, k: 2, l: 2 }))
  expect(record).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.apply-failed', module: 'l', phase: 'complete' }],
  })
  // The one that failed is undone too: nobody knows how far it came.
  expect(world.calls).toEqual([
    'prepare a2',
    'commit a2',
    'apply k:2',
    'apply l:2',
    'rollback a2',
    'undo l:1',
    'undo k:1',
    'close a2',
  ])
  expect(world.effects).toMatchObject({ a: 1, k: 1, l: 1 })
})

test('G2 a module after the one that failed is not applied and not undone', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1, l: 1 }) })
  world.modules.k.script('apply', 'throw')
  await world.put(configOf({ a: 2, k: 2, l: 2 }))
  expect(world.callsOf({ modules: ['k', 'l'] })).toEqual(['apply k:2', 'undo k:1'])
})

test('G2 a failed soak undoes compensating modules, in reverse', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1, l: 1 }), options: { soak: 1_000 } })
  world.modules.a.script('check', 'reject')
  expect((await world.put(configOf({ a: 2, k: 2, l: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect(world.callsOf({ hooks: ['apply', 'undo', 'rollback'] })).toEqual([
    'apply k:2',
    'apply l:2',
    'rollback a2',
    'undo l:1',
    'undo k:1',
  ])
})

test('G2 the very first apply of a module is undone by its close', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }) })
  world.modules.l.script('apply', 'reject')
  expect((await world.put(configOf({ a: 2, k: 2, l: 2 }))).outcome).toBe('rolled-back')
  expect(world.callsOf({ modules: ['k', 'l'] })).toEqual(['apply k:2', 'apply l:2', 'close l', 'close k'])
  expect(world.effects.k).toBeUndefined()
})

test('G2 an undo that fails leaves the module degraded, and a repair applies what serves again', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1, l: 1 }), options: { repair } })
  world.modules.l.script('apply', 'reject')
  world.modules.k.script('undo', 'reject')
  const record = await world.put(configOf({ a: 2, k: 2, l: 2 }))
  expect(record).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [
      { code: 'module.apply-failed', module: 'l' },
      { code: 'module.undo-failed', module: 'k' },
    ],
  })
  expect(world.reloader.status().modules.k).toMatchObject({ state: 'degraded' })
  world.clearCalls()
  expect(await world.next(1_000)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(world.calls).toEqual(['apply k:1'])
  expect(world.effects).toMatchObject({ a: 1, k: 1, l: 1 })
})

test('G2 an apply that heeds its deadline is undone, and nothing is degraded', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { deadlines } })
  world.modules.k.script('apply', 'heed')
  const record = await world.put(configOf({ a: 2, k: 2 }), 6_000)
  expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.apply-timeout', module: 'k' }] })
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1'])
})

test('G2 an apply that hangs on is not called again until it settles: degraded names it, then it is repaired', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { deadlines, repair } })
  world.modules.k.script('apply', 'deaf')
  const record = await world.put(configOf({ a: 2, k: 2 }), 7_000)
  expect(record).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [
      { code: 'module.apply-timeout', module: 'k' },
      { code: 'module.unsettled', module: 'k' },
    ],
  })
  expect(await world.next(1_000)).toMatchObject({
    trigger: 'repair',
    failures: [{ code: 'module.unsettled', module: 'k' }],
  })
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  expect(world.reloader.status()).toMatchObject({ state: 'degraded', degraded: ['k'] })
  expect(world.served).toEqual({ a: 1 })
  // It ends at last, having done its late work; only then, and at once, it is brought back.
  world.modules.k.release()
  await world.advance(0)
  expect(await world.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'apply k:1'])
  expect(world.effects.k).toBe(1)
})

test('G2 an apply that hangs on is called neither by retry() nor for a newer document, which serves once it has settled', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { deadlines, repair } })
  world.modules.k.script('apply', 'deaf')
  expect((await world.put(configOf({ a: 2, k: 2 }), 7_000)).outcome).toBe('degraded')
  const retried = world.reloader.retry()
  await world.advance(0)
  expect(await retried).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.unsettled' }] })
  await world.next()
  expect((await world.put(configOf({ a: 3, k: 3 }))).outcome).toBe('rolled-back')
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  expect(world.served).toEqual({ a: 1 })
  world.modules.k.release()
  await world.advance(0)
  expect((await world.next()).outcome).toBe('committed')
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'apply k:3'])
  expect(world.served).toEqual({ a: 3 })
  expect(world.reloader.status()).toMatchObject({ state: 'committed', degraded: [], inSync: true })
})

test('G2 an undo that hangs on is not followed by another call until it settles', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1, l: 1 }), options: { deadlines, repair } })
  world.modules.l.script('apply', 'reject')
  world.modules.k.script('undo', 'deaf')
  const record = await world.put(configOf({ a: 2, k: 2, l: 2 }), 7_000)
  expect(record).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
  await world.next(1_000)
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1'])
  world.modules.k.release(new Error('late'))
  await world.advance(0)
  expect(await world.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(world.effects).toMatchObject({ a: 1, k: 1, l: 1 })
})

test('G2 an apply that hangs on is not closed either when its slice goes away: that waits until it has settled', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { deadlines, repair } })
  world.modules.k.script('apply', 'deaf')
  await world.put(configOf({ a: 2, k: 2 }), 7_000)
  world.source.put(configOf({ a: 3 }))
  await world.advance(500)
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  world.modules.k.release()
  await world.advance(60_000)
  expect(world.callsOf({ modules: ['k'] })).not.toContain('undo k:1')
  const reloaded = world.reloader.reload()
  await world.advance(10_000)
  expect((await reloaded).outcome).toMatch(/committed|unchanged/)
  expect(world.callsOf({ modules: ['k'] }).at(-1)).toBe('close k')
  expect(world.reloader.status()).toMatchObject({ state: 'committed', modules: { k: { state: 'off' } } })
})

test('G2 while a module is degraded no document is called unchanged', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }) })
  world.modules.k.script('apply', 'reject')
  world.modules.k.script('undo', 'reject')
  expect((await world.put(configOf({ a: 1, k: 2 }))).outcome).toBe('degraded')
  expect((await world.put(configOf({ a: 1, k: 1 }))).outcome).toBe('committed')
  expect((await world.put(configOf({ a: 1, k: 1 }))).outcome).toBe('unchanged')
})

test('G2 a first apply that hangs on is closed, not forgotten, once it has settled', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }), options: { deadlines, repair } })
  world.modules.k.script('apply', 'deaf')
  expect(await world.put(configOf({ a: 2, k: 2 }), 7_000)).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
  expect(await world.next(1_000)).toMatchObject({
    trigger: 'repair',
    failures: [{ code: 'module.unsettled', module: 'k' }],
  })
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  world.modules.k.release()
  await world.advance(0)
  expect((await world.next()).outcome).toBe('committed')
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k'])
  expect(world.effects.k).toBeUndefined()
})

test('G2 a first apply whose undo, the close, fails leaves the module degraded until the close succeeds', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }), options: { repair } })
  world.modules.k.script('apply', 'reject')
  world.modules.k.script('close', 'reject')
  expect(await world.put(configOf({ a: 2, k: 2 }))).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [{ code: 'module.apply-failed' }, { code: 'module.close-failed' }],
  })
  expect(await world.next(1_000)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k', 'close k'])
})

test('G2 close() waits for an apply that hangs, and closes the module only after it', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { deadlines } })
  world.modules.k.script('apply', 'deaf')
  await world.put(configOf({ a: 2, k: 2 }), 7_000)
  const closed = world.reloader.close()
  await world.advance(1_000)
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  world.modules.k.release()
  await world.advance(0)
  await closed
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k'])
})

test('G2 close() ends although an apply never does', async () => {
  const world = await startWorld({ config: configOf({ a: 1, k: 1 }), options: { deadlines } })
  world.modules.k.script('apply', 'deaf')
  await world.put(configOf({ a: 2, k: 2 }), 7_000)
  const closed = world.reloader.close()
  await world.advance(31_000)
  await closed
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  expect(world.callsOf({ hooks: ['close'] })).toEqual(['close a2', 'close a1'])
})

test('G2 close() during a first apply that hangs closes the module after it, although it is off', async () => {
  const world = await startWorld({ config: configOf({ a: 1 }), options: { deadlines } })
  world.modules.k.script('apply', 'deaf')
  expect((await world.put(configOf({ a: 2, k: 2 }), 7_000)).outcome).toBe('degraded')
  const closed = world.reloader.close()
  world.modules.k.release()
  await world.advance(0)
  await closed
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k'])
})
