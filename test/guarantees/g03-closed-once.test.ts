import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import type { Behavior } from './scripted-modules.ts'
import { Config, configOf, startHarness, type Harness } from './harness.ts'

// The end of every harness checks that each generation was closed exactly once; see harness.ts.

const deadlines = { prepareMs: 5_000, graceMs: 1_000, closeMs: 5_000 }
const before = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1 })
const after = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2 })

const start = (): Promise<Harness> => startHarness({ config: before, options: { deadlines } })

const closes = (harness: Harness): string[] => harness.callsOf({ hooks: ['close'] })

const account = (harness: Harness, name: 'a' | 'b' | 'c' | 'd' | 'x') => {
  const { opened, closed, live, leaked } = harness.reloader.status().modules[name] ?? {}
  return { opened, closed, live, leaked }
}

test('G3 a replaced generation is closed once, and a serving one is not closed', async () => {
  const harness = await start()
  await harness.put(after)
  expect(closes(harness).sort()).toEqual(['close a1', 'close b1', 'close c1', 'close d1', 'close x1'])
  expect(account(harness, 'a')).toEqual({ opened: 2, closed: 1, live: 1, leaked: 0 })
})

const failing: readonly [string, Behavior, string][] = [
  ['throws', 'throw', 'module.prepare-failed'],
  ['rejects', 'reject', 'module.prepare-failed'],
  ['rejects with something that is not an error', 'reject-oddly', 'module.prepare-failed'],
  ['returns nonsense', 'garbage', 'module.invalid-generation'],
  ['hangs until its deadline', 'heed', 'module.prepare-timeout'],
]

test.each(failing)(
  'G3 if a prepare %s, the generations beside it are closed and its clean-ups run, once',
  async (_, behavior, code) => {
    const harness = await start()
    harness.modules.d.script('prepare', behavior)
    const record = await harness.put(after, 7_000)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code, module: 'd', phase: 'prepare' }] })
    await harness.advance(0)
    expect(closes(harness).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close x2'])
    expect(harness.callsOf({ hooks: ['cleanup'] })).toEqual(['cleanup d2'])
    expect(account(harness, 'd')).toEqual({ opened: 1, closed: 0, live: 1, leaked: 0 })
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
  ['a generation whose commit is not a function', { instance: 1, commit: true }],
  [
    'an object whose getter throws',
    Object.defineProperty({ instance: 1 }, 'close', { get: throwing, enumerable: true }),
  ],
  ['a generation whose close is not a function', { instance: 1, close: 'later' }],
]

test.each(invalid)('G3 %s is rejected as a generation', async (_, value) => {
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

test('G3 a prepare that ends within its grace is closed like one that never served', async () => {
  const harness = await start()
  harness.modules.d.script('prepare', 'finish-on-abort')
  expect(await harness.put(after, 7_000)).toMatchObject({ failures: [{ code: 'module.prepare-timeout', module: 'd' }] })
  expect(closes(harness).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
  expect(harness.callsOf({ hooks: ['cleanup'] })).toEqual([]) // the close takes care of what it opened
  expect(account(harness, 'd')).toEqual({ opened: 2, closed: 1, live: 1, leaked: 0 })
})

test('G3 a prepare that resolves long after its deadline is closed then, and never serves', async () => {
  const harness = await start()
  harness.modules.d.script('prepare', 'deaf')
  expect((await harness.put(after, 7_000)).outcome).toBe('rolled-back')
  expect((await harness.put(configOf({ a: 3, b: 3, c: 3, d: 3, x: 3 }))).outcome).toBe('committed')
  expect(closes(harness)).not.toContain('close d2')
  harness.modules.d.release()
  await harness.advance(0)
  expect(closes(harness).filter((call) => call === 'close d2')).toHaveLength(1)
  expect(harness.callsOf({ hooks: ['commit'] })).not.toContain('commit d2')
  expect(harness.served).toMatchObject({ d: 3 })
  expect(account(harness, 'd')).toEqual({ opened: 3, closed: 2, live: 1, leaked: 0 })
})

test('G3 a prepare that rejects long after its deadline runs its clean-ups then, once', async () => {
  const harness = await start()
  harness.modules.d.script('prepare', 'deaf')
  await harness.put(after, 7_000)
  expect(harness.callsOf({ hooks: ['cleanup'] })).toEqual([])
  harness.modules.d.release(new Error('late'))
  await harness.advance(0)
  expect(harness.callsOf({ hooks: ['cleanup'] })).toEqual(['cleanup d2'])
  expect(account(harness, 'd')).toEqual({ opened: 1, closed: 0, live: 1, leaked: 0 })
})

test.each(['finish-on-abort', 'deaf'] as const)(
  'G3 a prepare that is abandoned because another failed is closed (%s)',
  async (behavior) => {
    const harness = await start()
    harness.modules.x.script('prepare', behavior)
    harness.modules.b.script('prepare', 'reject')
    const record = await harness.put(after, 2_000)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.prepare-failed', module: 'b' }] })
    harness.modules.x.release()
    await harness.advance(0)
    expect(closes(harness)).toContain('close x2')
    expect(harness.callsOf({ modules: ['d'] })).toEqual([])
  },
)

test('G3 a prepare that a newer document abandons is closed, and the newer one serves', async () => {
  const harness = await start()
  harness.modules.d.script('prepare', 'deaf')
  harness.source.put(after)
  await harness.advance(100)
  harness.source.put(configOf({ a: 3, b: 3, c: 3, d: 3, x: 3 }))
  expect((await harness.next(1_500)).outcome).toBe('superseded')
  expect((await harness.next()).outcome).toBe('committed')
  harness.modules.d.release()
  await harness.advance(0)
  expect(
    closes(harness)
      .filter((call) => call.endsWith('2'))
      .sort(),
  ).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
})

test('G3 clean-ups run in reverse order, each once, even if others fail', async () => {
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

test('G3 a clean-up that is registered after the others have run is run at once', async () => {
  const ran: string[] = []
  let later: (cleanup: () => unknown) => void = () => {}
  const reloader = createReloader({ source: memorySource(before), schema: Config }).use('a', (config) => config.a, {
    prepare: (_slice, { defer }) => {
      later = defer
      defer(() => ran.push('early'))
      throw new Error('of the prepare')
    },
  })
  await expect(reloader.start()).rejects.toMatchObject({ code: 'module.prepare-failed' })
  expect(ran).toEqual(['early'])
  later(() => ran.push('late'))
  await expect.poll(() => ran).toEqual(['early', 'late'])
  later(() => {
    ran.push('thrown')
    throw new Error('of the clean-up')
  })
  await expect.poll(() => ran).toEqual(['early', 'late', 'thrown'])
})

test('G3 the clean-ups of a prepare that returns its generation are not run', async () => {
  const harness = await start()
  await harness.put(after)
  expect(harness.callsOf({ hooks: ['cleanup'] })).toEqual([])
})

test('G3 a clean-up that hangs delays nothing', async () => {
  const harness = await start()
  harness.modules.a.script('prepare', 'reject')
  harness.modules.a.script('cleanup', 'deaf')
  expect((await harness.put(after)).outcome).toBe('rolled-back')
  expect((await harness.put(configOf({ a: 3 }))).outcome).toBe('committed')
})

test.each(['throw', 'reject', 'reject-oddly'] as const)(
  'G3 a close that fails (%s) is not called again but reported as a leak',
  async (behavior) => {
    const harness = await start()
    harness.modules.b.script('close', behavior)
    expect((await harness.put(after)).outcome).toBe('committed')
    await harness.advance(60_000)
    expect(closes(harness).filter((call) => call === 'close b1')).toHaveLength(1)
    expect(closes(harness)).toContain('close a1')
    expect(account(harness, 'b')).toEqual({ opened: 2, closed: 0, live: 1, leaked: 1 })
    expect(harness.reloader.status().counters.reported).toBe(1)
  },
)

test('G3 a close that hangs is a leak after its deadline, and no longer one when it ends', async () => {
  const harness = await start()
  harness.modules.b.script('close', 'deaf')
  await harness.put(after)
  expect(closes(harness)).not.toContain('close a1') // a is closed after b
  await harness.advance(5_001)
  expect(closes(harness)).toContain('close a1')
  expect(account(harness, 'b')).toEqual({ opened: 2, closed: 0, live: 1, leaked: 1 })
  harness.modules.b.release()
  await harness.advance(0)
  expect(account(harness, 'b')).toEqual({ opened: 2, closed: 1, live: 1, leaked: 0 })
  expect(closes(harness).filter((call) => call === 'close b1')).toHaveLength(1)
})

test('G3 a commit that throws closes every generation of the transaction, including its own', async () => {
  const harness = await start()
  harness.modules.b.script('commit', 'throw')
  await harness.put(after)
  expect(closes(harness).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
})

test('G3 a dry run closes everything that it has prepared', async () => {
  const harness = await start()
  const report = harness.reloader.plan(JSON.stringify(after), { prepare: true })
  await harness.advance(0)
  expect(await report).toMatchObject({ verdict: 'changes' })
  expect(closes(harness).sort()).toEqual(['close a2', 'close b2', 'close c2', 'close d2', 'close x2'])
  expect(harness.callsOf({ hooks: ['commit'] })).toEqual([])
  harness.modules.d.script('prepare', 'reject')
  const failed = harness.reloader.plan(JSON.stringify(after), { prepare: true })
  await harness.advance(0)
  expect(await failed).toMatchObject({ verdict: 'failed', failures: [{ code: 'module.prepare-failed', module: 'd' }] })
  expect(closes(harness)).toHaveLength(9)
})
