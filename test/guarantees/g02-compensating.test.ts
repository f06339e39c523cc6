import { expect, test } from 'vitest'
import { configOf, startHarness } from './harness.ts'

const deadlines = { applyMs: 5_000, graceMs: 1_000 }
const repair = { minMs: 1_000, maxMs: 1_000 }

test('G2 compensating modules apply after the commit, in dependency order, with next and previous', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1, l: 1 }) })
  expect((await harness.put(configOf({ a: 2, k: 2, l: 2 }))).outcome).toBe('committed')
  expect(harness.calls).toEqual(['prepare a2', 'commit a2', 'apply k:2', 'apply l:2', 'close a1'])
})

test('G2 a failing apply and those before it are undone in reverse, after the rollback', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1, l: 1 }) })
  harness.modules.l.script('apply', 'reject')
  const record = await harness.put(configOf({ a: 2, k: 2, l: 2 }))
  expect(record).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.apply-failed', module: 'l', phase: 'complete' }],
  })
  // The one that failed is undone too, because its progress is unknown.
  expect(harness.calls).toEqual([
    'prepare a2',
    'commit a2',
    'apply k:2',
    'apply l:2',
    'rollback a2',
    'undo l:1',
    'undo k:1',
    'close a2',
  ])
  expect(harness.effects).toMatchObject({ a: 1, k: 1, l: 1 })
})

test('G2 a module after the one that failed is neither applied nor undone', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1, l: 1 }) })
  harness.modules.k.script('apply', 'throw')
  await harness.put(configOf({ a: 2, k: 2, l: 2 }))
  expect(harness.callsOf({ modules: ['k', 'l'] })).toEqual(['apply k:2', 'undo k:1'])
})

test('G2 a failed soak undoes compensating modules in reverse', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1, l: 1 }), options: { soak: 1_000 } })
  harness.modules.a.script('check', 'reject')
  expect((await harness.put(configOf({ a: 2, k: 2, l: 2 }), 1_000)).outcome).toBe('rolled-back')
  expect(harness.callsOf({ hooks: ['apply', 'undo', 'rollback'] })).toEqual([
    'apply k:2',
    'apply l:2',
    'rollback a2',
    'undo l:1',
    'undo k:1',
  ])
})

test('G2 the first apply of a module is undone by its close', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }) })
  harness.modules.l.script('apply', 'reject')
  expect((await harness.put(configOf({ a: 2, k: 2, l: 2 }))).outcome).toBe('rolled-back')
  expect(harness.callsOf({ modules: ['k', 'l'] })).toEqual(['apply k:2', 'apply l:2', 'close l', 'close k'])
  expect(harness.effects.k).toBeUndefined()
})

test('G2 an undo that fails leaves the module degraded, and a repair applies what serves again', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1, l: 1 }), options: { repair } })
  harness.modules.l.script('apply', 'reject')
  harness.modules.k.script('undo', 'reject')
  const record = await harness.put(configOf({ a: 2, k: 2, l: 2 }))
  expect(record).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [
      { code: 'module.apply-failed', module: 'l' },
      { code: 'module.undo-failed', module: 'k' },
    ],
  })
  expect(harness.reloader.status().modules.k).toMatchObject({ state: 'degraded' })
  harness.clearCalls()
  expect(await harness.next(1_000)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(harness.calls).toEqual(['apply k:1'])
  expect(harness.effects).toMatchObject({ a: 1, k: 1, l: 1 })
})

test('G2 an apply that heeds its deadline is undone, and nothing is degraded', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { deadlines } })
  harness.modules.k.script('apply', 'heed')
  const record = await harness.put(configOf({ a: 2, k: 2 }), 6_000)
  expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.apply-timeout', module: 'k' }] })
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1'])
})

test('G2 an apply that keeps hanging is not called again until it settles: it is degraded, and then repaired', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { deadlines, repair } })
  harness.modules.k.script('apply', 'deaf')
  const record = await harness.put(configOf({ a: 2, k: 2 }), 7_000)
  expect(record).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [
      { code: 'module.apply-timeout', module: 'k' },
      { code: 'module.unsettled', module: 'k' },
    ],
  })
  expect(await harness.next(1_000)).toMatchObject({
    trigger: 'repair',
    failures: [{ code: 'module.unsettled', module: 'k' }],
  })
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  expect(harness.reloader.status()).toMatchObject({ state: 'degraded', degraded: ['k'] })
  expect(harness.served).toEqual({ a: 1 })
  // It ends at last, and its late work is undone at once.
  harness.modules.k.release()
  await harness.advance(0)
  expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'apply k:1'])
  expect(harness.effects.k).toBe(1)
})

test('G2 an apply that keeps hanging is not called for retry() or a newer document, which serves once the apply has settled', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { deadlines, repair } })
  harness.modules.k.script('apply', 'deaf')
  expect((await harness.put(configOf({ a: 2, k: 2 }), 7_000)).outcome).toBe('degraded')
  const retried = harness.reloader.retry()
  await harness.advance(0)
  expect(await retried).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.unsettled' }] })
  await harness.next()
  expect((await harness.put(configOf({ a: 3, k: 3 }))).outcome).toBe('rolled-back')
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  expect(harness.served).toEqual({ a: 1 })
  harness.modules.k.release()
  await harness.advance(0)
  expect((await harness.next()).outcome).toBe('committed')
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'apply k:3'])
  expect(harness.served).toEqual({ a: 3 })
  expect(harness.reloader.status()).toMatchObject({ state: 'committed', degraded: [], inSync: true })
})

test('G2 an undo that keeps hanging is not followed by another call until it settles', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1, l: 1 }), options: { deadlines, repair } })
  harness.modules.l.script('apply', 'reject')
  harness.modules.k.script('undo', 'deaf')
  const record = await harness.put(configOf({ a: 2, k: 2, l: 2 }), 7_000)
  expect(record).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
  await harness.next(1_000)
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1'])
  harness.modules.k.release(new Error('late'))
  await harness.advance(0)
  expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(harness.effects).toMatchObject({ a: 1, k: 1, l: 1 })
})

test('G2 an apply that keeps hanging is not closed when its slice disappears, until it has settled', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { deadlines, repair } })
  harness.modules.k.script('apply', 'deaf')
  await harness.put(configOf({ a: 2, k: 2 }), 7_000)
  harness.source.put(configOf({ a: 3 }))
  await harness.advance(500)
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  harness.modules.k.release()
  await harness.advance(60_000)
  expect(harness.callsOf({ modules: ['k'] })).not.toContain('undo k:1')
  const reloaded = harness.reloader.reload()
  await harness.advance(10_000)
  expect((await reloaded).outcome).toMatch(/committed|unchanged/)
  expect(harness.callsOf({ modules: ['k'] }).at(-1)).toBe('close k')
  expect(harness.reloader.status()).toMatchObject({ state: 'committed', modules: { k: { state: 'off' } } })
})

test('G2 while a module is degraded, no document counts as unchanged', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }) })
  harness.modules.k.script('apply', 'reject')
  harness.modules.k.script('undo', 'reject')
  expect((await harness.put(configOf({ a: 1, k: 2 }))).outcome).toBe('degraded')
  expect((await harness.put(configOf({ a: 1, k: 1 }))).outcome).toBe('committed')
  expect((await harness.put(configOf({ a: 1, k: 1 }))).outcome).toBe('unchanged')
})

test('G2 a first apply that keeps hanging is closed once it has settled', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }), options: { deadlines, repair } })
  harness.modules.k.script('apply', 'deaf')
  expect(await harness.put(configOf({ a: 2, k: 2 }), 7_000)).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
  expect(await harness.next(1_000)).toMatchObject({
    trigger: 'repair',
    failures: [{ code: 'module.unsettled', module: 'k' }],
  })
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  harness.modules.k.release()
  await harness.advance(0)
  expect((await harness.next()).outcome).toBe('committed')
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k'])
  expect(harness.effects.k).toBeUndefined()
})

test('G2 a first apply whose undo, the close, fails leaves the module degraded until the close succeeds', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }), options: { repair } })
  harness.modules.k.script('apply', 'reject')
  harness.modules.k.script('close', 'reject')
  expect(await harness.put(configOf({ a: 2, k: 2 }))).toMatchObject({
    outcome: 'degraded',
    degraded: ['k'],
    failures: [{ code: 'module.apply-failed' }, { code: 'module.close-failed' }],
  })
  expect(await harness.next(1_000)).toMatchObject({ outcome: 'committed', trigger: 'repair' })
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k', 'close k'])
})

test('G2 close() waits for an apply that hangs, and closes the module only after it', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { deadlines } })
  harness.modules.k.script('apply', 'deaf')
  await harness.put(configOf({ a: 2, k: 2 }), 7_000)
  const closed = harness.reloader.close()
  await harness.advance(1_000)
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  harness.modules.k.release()
  await harness.advance(0)
  await closed
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k'])
})

test('G2 close() ends even if an apply never does', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, k: 1 }), options: { deadlines } })
  harness.modules.k.script('apply', 'deaf')
  await harness.put(configOf({ a: 2, k: 2 }), 7_000)
  const closed = harness.reloader.close()
  await harness.advance(31_000)
  await closed
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2'])
  expect(harness.callsOf({ hooks: ['close'] })).toEqual(['close a2', 'close a1'])
})

test('G2 close() during a first apply that hangs closes the module after it, although it is off', async () => {
  const harness = await startHarness({ config: configOf({ a: 1 }), options: { deadlines } })
  harness.modules.k.script('apply', 'deaf')
  expect((await harness.put(configOf({ a: 2, k: 2 }), 7_000)).outcome).toBe('degraded')
  const closed = harness.reloader.close()
  harness.modules.k.release()
  await harness.advance(0)
  await closed
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'close k'])
})
