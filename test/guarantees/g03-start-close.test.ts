import { expect, test } from 'vitest'
import { Config, configOf, createHarness, startHarness, type Harness } from './harness.ts'

const config = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const next = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 })
const deadlines = { prepareMs: 5_000, applyMs: 5_000, graceMs: 1_000, closeMs: 5_000 }

const failures: readonly [string, string, (harness: Harness) => void][] = [
  ['prepare', 'module.prepare-failed', ({ modules }) => modules.d.script('prepare', 'reject')],
  [
    'prepare, by its deadline',
    'module.prepare-timeout',
    ({ modules }) => modules.d.script('prepare', 'finish-on-abort'),
  ],
  ['commit', 'module.commit-failed', ({ modules }) => modules.d.script('commit', 'throw')],
  ['complete', 'module.apply-failed', ({ modules }) => modules.l.script('apply', 'reject')],
  ['complete, by its deadline', 'module.apply-timeout', ({ modules }) => modules.l.script('apply', 'heed')],
]

test.each(failures)(
  'G3 a first start that fails in %s closes everything that it has made, and rejects',
  async (_, code, script) => {
    const harness = createHarness({ config, options: { deadlines } })
    script(harness)
    const started = harness.reloader.start().catch((error: unknown) => error)
    await harness.advance(30_000)
    expect(await started).toMatchObject({ name: 'ChangeoverError', code })
    const opened = ['a', 'b', 'c', 'd', 'x'].flatMap((name) => harness.modules[name as 'a'].made)
    expect(opened.length).toBeGreaterThan(3)
    expect(opened.filter(({ closes }) => closes !== 1)).toEqual([])
    expect(harness.reloader.status()).toMatchObject({ state: 'closed', source: { state: 'closed' } })
    expect(() => harness.reloader.config).toThrow('reloader.not-started')
    expect(harness.clock.pending()).toBe(0)
  },
)

test('G3 a first start whose document is bad calls no module and rejects', async () => {
  const harness = createHarness({ config: { a: { value: 'one' } } as never })
  await expect(harness.reloader.start()).rejects.toMatchObject({ code: 'schema.invalid' })
  expect(harness.calls).toEqual([])
  expect(harness.clock.pending()).toBe(0)
})

test('G3 a first start that is aborted during prepare closes everything, including late generations', async () => {
  const harness = createHarness({ config, options: { deadlines } })
  harness.modules.d.script('prepare', 'deaf')
  const controller = new AbortController()
  const started = harness.reloader.start({ signal: controller.signal }).catch((error: unknown) => error)
  await harness.advance(100)
  controller.abort()
  await harness.advance(2_000)
  expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
  expect(harness.callsOf({ hooks: ['close'], modules: ['a', 'b', 'c', 'x'] })).toHaveLength(4)
  harness.modules.d.release()
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['close'], modules: ['d'] })).toEqual(['close d1'])
  expect(harness.callsOf({ hooks: ['commit'] })).toEqual([])
})

const phases: readonly [string, string, string, (harness: Harness) => void][] = [
  ['preparing', 'preparing', 'aborted', ({ modules }) => modules.d.script('prepare', 'heed')],
  [
    'preparing with a prepare that still ends',
    'preparing',
    'aborted',
    ({ modules }) => modules.d.script('prepare', 'finish-on-abort'),
  ],
  ['completing', 'completing', 'committed', ({ modules }) => modules.k.script('apply', 'deaf')],
]

test.each(phases)('G3 close in %s closes what was made and what served, once', async (_, state, outcome, script) => {
  const harness = await startHarness({ config, options: { deadlines } })
  script(harness)
  harness.source.put(next)
  await harness.advance(100)
  expect(harness.reloader.status().state).toBe(state)
  const closed = harness.reloader.close()
  await harness.advance(100)
  harness.modules.k.release()
  await harness.advance(2_000)
  await closed
  expect((await harness.next()).outcome).toBe(outcome)
  for (const name of ['a', 'b', 'c', 'x'] as const) {
    expect(harness.callsOf({ hooks: ['close'], modules: [name] }).sort()).toEqual([`close ${name}1`, `close ${name}2`])
  }
  expect(harness.callsOf({ hooks: ['close'], modules: ['k', 'l'] })).toEqual(['close l', 'close k'])
  for (const [name, { live, opened, closed: count }] of Object.entries(harness.reloader.status().modules)) {
    expect({ live, opened }, name).toEqual({ live: 0, opened: count })
  }
  expect(harness.clock.pending()).toBe(0)
})

test('G3 close during a hanging fetch or a hanging validation ends at once', async () => {
  const fetching = await startHarness({ config })
  fetching.source.hangReads({ deaf: true })
  const reloaded = fetching.reloader.reload().catch((error: unknown) => error)
  await fetching.advance(100)
  expect(fetching.reloader.status().state).toBe('fetching')
  const schema = Config.refine(({ a }) => a?.value !== 2 || new Promise<boolean>(() => {}))
  const validating = await startHarness({ config, options: { schema } })
  validating.source.put(next)
  await validating.advance(100)
  expect(validating.reloader.status().state).toBe('validating')
  for (const harness of [fetching, validating]) {
    const closed = harness.reloader.close()
    await harness.advance(0)
    await closed
    expect((await harness.next()).outcome).toBe('aborted')
    expect(harness.callsOf({ hooks: ['close'] })).toHaveLength(7)
    expect(harness.callsOf({ hooks: ['prepare'] })).toEqual([])
  }
  expect(await reloaded).toMatchObject({ outcome: 'aborted' })
})

test('G3 close while rolling back lets the undo end, within its limits, and closes everything', async () => {
  const harness = await startHarness({ config, options: { deadlines } })
  harness.modules.l.script('apply', 'reject')
  harness.modules.k.script('undo', 'deaf')
  harness.source.put(next)
  await harness.advance(100)
  expect(harness.reloader.status().state).toBe('rolling-back')
  const closed = harness.reloader.close()
  await harness.advance(6_000)
  expect((await harness.next()).outcome).toBe('degraded')
  await harness.advance(5_000)
  await closed
  for (const name of ['a', 'b', 'c', 'd', 'x'] as const) {
    expect(harness.callsOf({ hooks: ['close'], modules: [name] }).sort()).toEqual([`close ${name}1`, `close ${name}2`])
  }
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1'])
  harness.modules.k.release()
  await harness.advance(0)
  expect(harness.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1', 'close k'])
})

test('G3 close in the soak ends it without a verdict: nothing is rolled back, and old and new are closed', async () => {
  const harness = await startHarness({ config, options: { deadlines, soak: 10_000 } })
  harness.source.put(next)
  await harness.advance(100)
  expect(harness.reloader.status().state).toBe('soaking')
  const closed = harness.reloader.close()
  await harness.advance(0)
  await closed
  expect((await harness.next()).outcome).toBe('aborted')
  expect(harness.callsOf({ hooks: ['rollback', 'undo'] })).toEqual([])
  expect(harness.callsOf({ hooks: ['close'] })).toHaveLength(12)
  expect(harness.reloader.status().lastKnownGood?.revision.order).toBe(1) // not promoted
  expect(harness.clock.pending()).toBe(0)
})

test('G3 close at rest, while validating, and before start', async () => {
  const resting = await startHarness({ config })
  await resting.reloader.close()
  expect(resting.callsOf({ hooks: ['close'] })).toHaveLength(7)
  const validating = await startHarness({ config })
  validating.source.put(next)
  const [first, second] = [validating.reloader.close(), validating.reloader.close()]
  await validating.advance(0)
  await Promise.all([first, second, validating.reloader[Symbol.asyncDispose]()])
  expect(validating.callsOf({ hooks: ['close'] })).toHaveLength(7)
  expect(validating.callsOf({ hooks: ['prepare'] })).toEqual([])
  const unstarted = createHarness({ config })
  await unstarted.reloader.close()
  expect(unstarted.calls).toEqual([])
})

test('G3 close while degraded closes what serves, once', async () => {
  const harness = await startHarness({ config })
  harness.modules.b.script('rollback', 'throw')
  harness.modules.x.script('commit', 'throw')
  expect((await harness.put(next)).outcome).toBe('degraded')
  await harness.reloader.close()
  expect(harness.clock.pending()).toBe(0)
})

test('G3 close is bounded: a generation that does not close in time is a leak, and close never rejects', async () => {
  const harness = await startHarness({ config, options: { deadlines } })
  harness.modules.d.script('close', 'deaf')
  harness.modules.x.script('close', 'reject')
  const closed = harness.reloader.close()
  await harness.advance(5_002)
  await closed
  expect(harness.reloader.status().modules).toMatchObject({
    d: { opened: 1, closed: 0, live: 0, leaked: 1 },
    x: { opened: 1, closed: 0, live: 0, leaked: 1 },
    a: { opened: 1, closed: 1, live: 0, leaked: 0 },
  })
})
