import { expect, test } from 'vitest'
import { Config, configOf, createWorld, startWorld, type World } from './world.ts'

const config = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const next = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 })
const deadlines = { prepareMs: 5_000, applyMs: 5_000, graceMs: 1_000, closeMs: 5_000 }

const failures: readonly [string, string, (world: World) => void][] = [
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
  'G3 a first start that fails in %s closes all that it has made, and rejects',
  async (_, code, script) => {
    const world = createWorld({ config, options: { deadlines } })
    script(world)
    const started = world.reloader.start().catch((error: unknown) => error)
    await world.advance(30_000)
    expect(await started).toMatchObject({ name: 'ChangeoverError', code })
    const opened = ['a', 'b', 'c', 'd', 'x'].flatMap((name) => world.modules[name as 'a'].made)
    expect(opened.length).toBeGreaterThan(3)
    expect(opened.filter(({ closes }) => closes !== 1)).toEqual([])
    expect(world.reloader.status()).toMatchObject({ state: 'closed', source: { state: 'closed' } })
    expect(() => world.reloader.config).toThrow('reloader.not-started')
    expect(world.clock.pending()).toBe(0)
  },
)

test('G3 a first start whose document is bad calls no module and rejects', async () => {
  const world = createWorld({ config: { a: { value: 'one' } } as never })
  await expect(world.reloader.start()).rejects.toMatchObject({ code: 'schema.invalid' })
  expect(world.calls).toEqual([])
  expect(world.clock.pending()).toBe(0)
})

test('G3 a first start that is aborted during prepare closes all, late ones too', async () => {
  const world = createWorld({ config, options: { deadlines } })
  world.modules.d.script('prepare', 'deaf')
  const controller = new AbortController()
  const started = world.reloader.start({ signal: controller.signal }).catch((error: unknown) => error)
  await world.advance(100)
  controller.abort()
  await world.advance(2_000)
  expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
  expect(world.callsOf({ hooks: ['close'], modules: ['a', 'b', 'c', 'x'] })).toHaveLength(4)
  world.modules.d.release()
  await world.advance(0)
  expect(world.callsOf({ hooks: ['close'], modules: ['d'] })).toEqual(['close d1'])
  expect(world.callsOf({ hooks: ['commit'] })).toEqual([])
})

const phases: readonly [string, string, string, (world: World) => void][] = [
  ['preparing', 'preparing', 'aborted', ({ modules }) => modules.d.script('prepare', 'heed')],
  [
    'preparing with a prepare that ends all the same',
    'preparing',
    'aborted',
    ({ modules }) => modules.d.script('prepare', 'finish-on-abort'),
  ],
  ['completing', 'completing', 'committed', ({ modules }) => modules.k.script('apply', 'deaf')],
]

test.each(phases)('G3 close in %s closes what was made and what served, once', async (_, state, outcome, script) => {
  const world = await startWorld({ config, options: { deadlines } })
  script(world)
  world.source.put(next)
  await world.advance(100)
  expect(world.reloader.status().state).toBe(state)
  const closed = world.reloader.close()
  await world.advance(100)
  world.modules.k.release()
  await world.advance(2_000)
  await closed
  expect((await world.next()).outcome).toBe(outcome)
  for (const name of ['a', 'b', 'c', 'x'] as const) {
    expect(world.callsOf({ hooks: ['close'], modules: [name] }).sort()).toEqual([`close ${name}1`, `close ${name}2`])
  }
  expect(world.callsOf({ hooks: ['close'], modules: ['k', 'l'] })).toEqual(['close l', 'close k'])
  for (const [name, { live, opened, closed: count }] of Object.entries(world.reloader.status().modules)) {
    expect({ live, opened }, name).toEqual({ live: 0, opened: count })
  }
  expect(world.clock.pending()).toBe(0)
})

test('G3 close while fetching a source that hangs, and while validating with a schema that hangs, ends at once', async () => {
  const fetching = await startWorld({ config })
  fetching.source.hangReads({ deaf: true })
  const reloaded = fetching.reloader.reload().catch((error: unknown) => error)
  await fetching.advance(100)
  expect(fetching.reloader.status().state).toBe('fetching')
  const schema = Config.refine(({ a }) => a?.value !== 2 || new Promise<boolean>(() => {}))
  const validating = await startWorld({ config, options: { schema } })
  validating.source.put(next)
  await validating.advance(100)
  expect(validating.reloader.status().state).toBe('validating')
  for (const world of [fetching, validating]) {
    const closed = world.reloader.close()
    await world.advance(0)
    await closed
    expect((await world.next()).outcome).toBe('aborted')
    expect(world.callsOf({ hooks: ['close'] })).toHaveLength(7)
    expect(world.callsOf({ hooks: ['prepare'] })).toEqual([])
  }
  expect(await reloaded).toMatchObject({ outcome: 'aborted' })
})

test('G3 close while rolling back lets the undo end, within its bounds, and closes all', async () => {
  const world = await startWorld({ config, options: { deadlines } })
  world.modules.l.script('apply', 'reject')
  world.modules.k.script('undo', 'deaf')
  world.source.put(next)
  await world.advance(100)
  expect(world.reloader.status().state).toBe('rolling-back')
  const closed = world.reloader.close()
  await world.advance(6_000)
  expect((await world.next()).outcome).toBe('degraded')
  await world.advance(5_000)
  await closed
  for (const name of ['a', 'b', 'c', 'd', 'x'] as const) {
    expect(world.callsOf({ hooks: ['close'], modules: [name] }).sort()).toEqual([`close ${name}1`, `close ${name}2`])
  }
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1'])
  world.modules.k.release()
  await world.advance(0)
  expect(world.callsOf({ modules: ['k'] })).toEqual(['apply k:2', 'undo k:1', 'close k'])
})

test('G3 close in the soak gives no verdict: nothing is rolled back, old and new are closed', async () => {
  const world = await startWorld({ config, options: { deadlines, soak: 10_000 } })
  world.source.put(next)
  await world.advance(100)
  expect(world.reloader.status().state).toBe('soaking')
  const closed = world.reloader.close()
  await world.advance(0)
  await closed
  expect((await world.next()).outcome).toBe('aborted')
  expect(world.callsOf({ hooks: ['rollback', 'undo'] })).toEqual([])
  expect(world.callsOf({ hooks: ['close'] })).toHaveLength(12)
  expect(world.reloader.status().lastKnownGood?.revision.order).toBe(1) // not promoted
  expect(world.clock.pending()).toBe(0)
})

test('G3 close at rest, while validating, and before start', async () => {
  const resting = await startWorld({ config })
  await resting.reloader.close()
  expect(resting.callsOf({ hooks: ['close'] })).toHaveLength(7)
  const validating = await startWorld({ config })
  validating.source.put(next)
  const [first, second] = [validating.reloader.close(), validating.reloader.close()]
  await validating.advance(0)
  await Promise.all([first, second, validating.reloader[Symbol.asyncDispose]()])
  expect(validating.callsOf({ hooks: ['close'] })).toHaveLength(7)
  expect(validating.callsOf({ hooks: ['prepare'] })).toEqual([])
  const unstarted = createWorld({ config })
  await unstarted.reloader.close()
  expect(unstarted.calls).toEqual([])
})

test('G3 close while degraded closes what serves, once', async () => {
  const world = await startWorld({ config })
  world.modules.b.script('rollback', 'throw')
  world.modules.x.script('commit', 'throw')
  expect((await world.put(next)).outcome).toBe('degraded')
  await world.reloader.close()
  expect(world.clock.pending()).toBe(0)
})

test('G3 close is bounded: a generation that does not close in time is a leak, and close never rejects', async () => {
  const world = await startWorld({ config, options: { deadlines } })
  world.modules.d.script('close', 'deaf')
  world.modules.x.script('close', 'reject')
  const closed = world.reloader.close()
  await world.advance(5_002)
  await closed
  expect(world.reloader.status().modules).toMatchObject({
    d: { opened: 1, closed: 0, live: 0, leaked: 1 },
    x: { opened: 1, closed: 0, live: 0, leaked: 1 },
    a: { opened: 1, closed: 1, live: 0, leaked: 0 },
  })
})
