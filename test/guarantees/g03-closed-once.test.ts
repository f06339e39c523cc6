import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import type { Behaviour } from './scripted.ts'
import { Config, configOf, startWorld, type World } from './world.ts'

// Every world's end checks that each generation that was ever made was closed exactly once; see world.ts.

const deadlines = { prepareMs: 5_000, graceMs: 1_000, closeMs: 5_000 }
const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2 })

const start = (): Promise<World> => startWorld({ config: before, options: { deadlines } })

const closes = (world: World): string[] => world.callsOf({ hooks: ['close'] })

const account = (world: World, name: 'a' | 'b' | 'c' | 'd' | 'x') => {
  const { opened, closed, live, leaked } = world.reloader.status().modules[name] ?? {}
  return { opened, closed, live, leaked }
}

test('G3 what was replaced is closed once, what serves not at all', async () => {
  const world = await start()
  await world.put(after)
  expect(closes(world).sort()).toEqual(['close a1', 'close b1', 'close c1', 'close d1', 'close x1'])
  expect(account(world, 'a')).toEqual({ opened: 2, closed: 1, live: 1, leaked: 0 })
})

const failing: readonly [string, Behaviour, string][] = [
  ['throws', 'throw', 'module.prepare-failed'],
  ['rejects', 'reject', 'module.prepare-failed'],
  ['rejects with what is no error', 'reject-oddly', 'module.prepare-failed'],
  ['returns nonsense', 'garbage', 'module.invalid-generation'],
  ['hangs until its deadline', 'heed', 'module.prepare-timeout'],
]

test.each(failing)(
  'G3 where a prepare %s, the generations beside it are closed and its clean-ups run, once',
  async (_, behaviour, code) => {
    const world = await start()
    world.modules.d.script('prepare', behaviour)
    const record = await world.put(after, 7_000)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code, module: 'd', phase: 'prepare' }] })
    await world.advance(0)
    expect(closes(world).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close x2'])
    expect(world.callsOf({ hooks: ['cleanup'] })).toEqual(['cleanup d2'])
    expect(account(world, 'd')).toEqual({ opened: 1, closed: 0, live: 1, leaked: 0 })
  },
)

const throwing = (): never => {
  throw new Error('of the getter')
}

const invalid: readonly [string, unknown][] = [
  ['undefined', undefined],
  ['null', null],
  ['a string', 'pool'],
  ['an object without an instance', { close: async () => {} }],
  ['a generation whose commit is no function', { instance: 1, commit: true }],
  [
    'an object whose getter throws',
    Object.defineProperty({ instance: 1 }, 'close', { get: throwing, enumerable: true }),
  ],
  ['a generation whose close is no function', { instance: 1, close: 'later' }],
]

test.each(invalid)('G3 %s is no generation', async (_, value) => {
  let cleanups = 0
  const reloader = createReloader({ source: memorySource(before), schema: Config }).use('a', (config) => config.a, {
    prepare: (_slice, { defer }) => {
      defer(() => {
        cleanups += 1
      })
      return value as never
    },
  })
  await expect(reloader.start()).rejects.toMatchObject({ code: 'module.invalid-generation', module: 'a' })
  expect(cleanups).toBe(1)
  expect(reloader.status().modules.a).toMatchObject({ opened: 0, closed: 0, live: 0, leaked: 0 })
})

test('G3 a prepare that ends within its grace is closed like one that was never served', async () => {
  const world = await start()
  world.modules.d.script('prepare', 'finish-on-abort')
  expect(await world.put(after, 7_000)).toMatchObject({ failures: [{ code: 'module.prepare-timeout', module: 'd' }] })
  expect(closes(world).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
  expect(world.callsOf({ hooks: ['cleanup'] })).toEqual([]) // what it opened was handed over to close
  expect(account(world, 'd')).toEqual({ opened: 2, closed: 1, live: 1, leaked: 0 })
})

test('G3 a prepare that resolves long after its deadline is closed then, and never serves', async () => {
  const world = await start()
  world.modules.d.script('prepare', 'deaf')
  expect((await world.put(after, 7_000)).outcome).toBe('rolled-back')
  expect((await world.put(configOf({ a: 3, b: 3, c: 3, d: 3, x: 3 }))).outcome).toBe('committed')
  expect(closes(world)).not.toContain('close d2')
  world.modules.d.release()
  await world.advance(0)
  expect(closes(world).filter((call) => call === 'close d2')).toHaveLength(1)
  expect(world.callsOf({ hooks: ['commit'] })).not.toContain('commit d2')
  expect(world.served).toMatchObject({ d: 3 })
  expect(account(world, 'd')).toEqual({ opened: 3, closed: 2, live: 1, leaked: 0 })
})

test('G3 a prepare that rejects long after its deadline runs its clean-ups then, once', async () => {
  const world = await start()
  world.modules.d.script('prepare', 'deaf')
  await world.put(after, 7_000)
  expect(world.callsOf({ hooks: ['cleanup'] })).toEqual([])
  world.modules.d.release(new Error('late'))
  await world.advance(0)
  expect(world.callsOf({ hooks: ['cleanup'] })).toEqual(['cleanup d2'])
  expect(account(world, 'd')).toEqual({ opened: 1, closed: 0, live: 1, leaked: 0 })
})

test.each(['finish-on-abort', 'deaf'] as const)(
  'G3 a prepare that is given up because another failed is closed (%s)',
  async (behaviour) => {
    const world = await start()
    world.modules.x.script('prepare', behaviour)
    world.modules.b.script('prepare', 'reject')
    const record = await world.put(after, 2_000)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.prepare-failed', module: 'b' }] })
    world.modules.x.release()
    await world.advance(0)
    expect(closes(world)).toContain('close x2')
    expect(world.callsOf({ modules: ['d'] })).toEqual([])
  },
)

test('G3 a prepare that a newer document gave up is closed, and the newer one serves', async () => {
  const world = await start()
  world.modules.d.script('prepare', 'deaf')
  world.source.put(after)
  await world.advance(100)
  world.source.put(configOf({ a: 3, b: 3, c: 3, d: 3, x: 3 }))
  expect((await world.next(1_500)).outcome).toBe('superseded')
  expect((await world.next()).outcome).toBe('committed')
  world.modules.d.release()
  await world.advance(0)
  expect(
    closes(world)
      .filter((call) => call.endsWith('2'))
      .sort(),
  ).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
})

test('G3 clean-ups run in reverse order, each once, whatever becomes of the others', async () => {
  const ran: string[] = []
  const reloader = createReloader({ source: memorySource(before), schema: Config }).use('a', (config) => config.a, {
    prepare: async (_slice, { defer }) => {
      defer(() => ran.push('first'))
      defer(() => {
        ran.push('second')
        throw new Error('of the clean-up')
      })
      await Promise.resolve()
      defer(async () => {
        ran.push('third')
        await Promise.reject(new Error('of the clean-up'))
      })
      defer(() => ran.push('fourth'))
      throw new Error('of the prepare')
    },
  })
  await expect(reloader.start()).rejects.toMatchObject({ code: 'module.prepare-failed' })
  expect(ran).toEqual(['fourth', 'third', 'second', 'first'])
  expect(reloader.status().counters.reported).toBe(2)
})

test('G3 the clean-ups of a prepare that hands its generation over are not run', async () => {
  const world = await start()
  await world.put(after)
  expect(world.callsOf({ hooks: ['cleanup'] })).toEqual([])
})

test('G3 a clean-up that hangs holds nothing up', async () => {
  const world = await start()
  world.modules.a.script('prepare', 'reject')
  world.modules.a.script('cleanup', 'deaf')
  expect((await world.put(after)).outcome).toBe('rolled-back')
  expect((await world.put(configOf({ a: 3 }))).outcome).toBe('committed')
})

test.each(['throw', 'reject', 'reject-oddly'] as const)(
  'G3 a close that fails (%s) is not called again: it is reported as a leak',
  async (behaviour) => {
    const world = await start()
    world.modules.b.script('close', behaviour)
    expect((await world.put(after)).outcome).toBe('committed')
    await world.advance(60_000)
    expect(closes(world).filter((call) => call === 'close b1')).toHaveLength(1)
    expect(closes(world)).toContain('close a1')
    expect(account(world, 'b')).toEqual({ opened: 2, closed: 0, live: 1, leaked: 1 })
    expect(world.reloader.status().counters.reported).toBe(1)
  },
)

test('G3 a close that hangs is a leak from its deadline on, and none any more when it ends', async () => {
  const world = await start()
  world.modules.b.script('close', 'deaf')
  await world.put(after)
  expect(closes(world)).not.toContain('close a1') // a is closed after b
  await world.advance(5_001)
  expect(closes(world)).toContain('close a1')
  expect(account(world, 'b')).toEqual({ opened: 2, closed: 0, live: 1, leaked: 1 })
  world.modules.b.release()
  await world.advance(0)
  expect(account(world, 'b')).toEqual({ opened: 2, closed: 1, live: 1, leaked: 0 })
  expect(closes(world).filter((call) => call === 'close b1')).toHaveLength(1)
})

test('G3 a commit that throws closes every generation of the transaction, the thrower included', async () => {
  const world = await start()
  world.modules.b.script('commit', 'throw')
  await world.put(after)
  expect(closes(world).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
})

test('G3 a dry run closes all that it has prepared', async () => {
  const world = await start()
  const report = world.reloader.plan(JSON.stringify(after), { prepare: true })
  await world.advance(0)
  expect(await report).toMatchObject({ verdict: 'changes' })
  expect(closes(world).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
  expect(world.callsOf({ hooks: ['commit'] })).toEqual([])
  world.modules.d.script('prepare', 'reject')
  const failed = world.reloader.plan(JSON.stringify(after), { prepare: true })
  await world.advance(0)
  expect(await failed).toMatchObject({ verdict: 'failed', failures: [{ code: 'module.prepare-failed', module: 'd' }] })
  expect(closes(world)).toHaveLength(9)
})
