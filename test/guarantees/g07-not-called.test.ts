import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type ModuleName, Config, configOf, startHarness } from './harness.ts'

const values = { a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 } as const

// Maps each module to those that its change calls: itself, and those that receive its instance through `needs`.
const reached: Record<ModuleName, readonly ModuleName[]> = {
  a: ['a', 'c'],
  b: ['b'],
  c: ['c'],
  d: ['d'],
  x: ['x'],
  k: ['k'],
  l: ['l'],
}

test.each(Object.keys(reached) as ModuleName[])(
  'G7 a change of %s calls it and what needs it, and no other module',
  async (name) => {
    const harness = await startHarness({ config: configOf(values), options: { soak: 1_000 } })
    const record = await harness.put(configOf({ ...values, [name]: 2 }), 1_500)
    expect(record.outcome).toBe('committed')
    expect(record.modules.map(({ module }) => module)).toEqual(reached[name])
    const called = [...new Set(harness.calls.map((call) => call.split(' ')[1]?.[0]))]
    expect(called.sort()).toEqual(reached[name])
  },
)

test.each(Object.keys(reached) as ModuleName[])(
  'G7 a change of %s that fails calls no other module during its rollback either',
  async (name) => {
    const harness = await startHarness({
      config: configOf(values),
      options: {
        soak: {
          durationMs: 1_000,
          checks: [
            (config) => {
              if (config.note === 'bad') throw new Error('unwell')
            },
          ],
        },
      },
    })
    expect((await harness.put(configOf({ ...values, [name]: 2 }, 'bad'), 1_500)).outcome).toBe('rolled-back')
    const called = [...new Set(harness.calls.map((call) => call.split(' ')[1]?.[0]))]
    expect(called.sort()).toEqual(reached[name])
  },
)

test('G7 a change that concerns no module calls none, but is committed', async () => {
  const harness = await startHarness({ config: configOf(values) })
  expect(await harness.put(configOf(values, 'a note'))).toMatchObject({ outcome: 'committed', modules: [] })
  expect(harness.reloader.config.note).toBe('a note')
  expect(harness.calls).toEqual([])
})

test('G7 the same config written differently is unchanged and calls no module', async () => {
  const harness = await startHarness({ config: configOf(values) })
  const before = harness.reloader.config
  const reversed = Object.fromEntries(Object.entries(configOf(values)).reverse())
  expect((await harness.put(JSON.stringify(reversed, undefined, 4))).outcome).toBe('unchanged')
  expect((await harness.put(configOf(values))).outcome).toBe('unchanged')
  expect(harness.reloader.config).toBe(before)
  expect(harness.calls).toEqual([])
  expect(harness.reloader.status()).toMatchObject({ inSync: true, serving: { revision: { order: 3 } } })
})

test('G7 selects that build new objects each time call no module as long as the results are equal', async () => {
  const source = memorySource(configOf({ a: 1, b: 1, x: 1 }))
  const calls: string[] = []
  const applierOf = (name: string) => ({
    prepare: (slice: unknown) => {
      calls.push(`${name} ${JSON.stringify(slice)}`)
      return { instance: name }
    },
  })
  const reloader = createReloader({ source, schema: Config })
    .use(
      'built',
      (config) => ({ url: `http://host/${config.a?.value}`, list: [config.b, { deep: [1, 2] }] }),
      applierOf('built'),
    )
    .use('sorted', (config) => Object.keys(config).sort(), applierOf('sorted'))
    .use('scalar', (config) => (config.x?.value ?? 0) > 10, applierOf('scalar'))
  await reloader.start()
  calls.length = 0
  source.put(configOf({ a: 1, b: 1, x: 2 }))
  expect((await reloader.reload()).outcome).toMatch(/committed|unchanged/)
  expect(reloader.config.x?.value).toBe(2)
  expect(calls).toEqual([])
  source.put(configOf({ a: 1, b: 2, x: 11 }))
  await reloader.reload()
  expect(calls).toEqual(['built {"url":"http://host/1","list":[{"value":2},{"deep":[1,2]}]}', 'scalar true'])
  await reloader.close()
})

test('G7 a changed order of keys calls the module whose slice it is, and no other', async () => {
  const source = memorySource('{"routes":{"/api/*":1,"/*":2},"other":{"a":1,"b":2}}')
  const calls: string[] = []
  const prepare = (slice: unknown) => {
    calls.push(JSON.stringify(slice))
    return { instance: undefined }
  }
  const reloader = createReloader({ source, schema: z.record(z.string(), z.record(z.string(), z.number())) })
    .use('routes', (config) => config.routes, { prepare })
    .use('other', (config) => config.other, { prepare })
  await reloader.start()
  calls.length = 0
  source.put('{"other":{"a":1,"b":2},"routes":{"/*":2,"/api/*":1}}')
  expect(await reloader.reload()).toMatchObject({ outcome: 'committed' })
  expect(calls).toEqual(['{"/*":2,"/api/*":1}'])
  expect(JSON.stringify(reloader.config)).toBe('{"other":{"a":1,"b":2},"routes":{"/*":2,"/api/*":1}}')
  await reloader.close()
})

test('G7 order alone (after) calls no module: b comes after a, but does not need it', async () => {
  const harness = await startHarness({ config: configOf({ a: 1, b: 1 }) })
  await harness.put(configOf({ a: 2, b: 1 }))
  expect(harness.callsOf({ modules: ['b'] })).toEqual([])
})

test('G7 a repair calls what degraded names and what needs it, and no other module', async () => {
  const harness = await startHarness({ config: configOf(values), options: { repair: { minMs: 1_000, maxMs: 1_000 } } })
  harness.modules.a.script('rollback', 'throw')
  harness.modules.b.script('commit', 'throw')
  expect(await harness.put(configOf({ ...values, a: 2, b: 2 }))).toMatchObject({ outcome: 'degraded', degraded: ['a'] })
  harness.clearCalls()
  expect((await harness.next(1_000)).outcome).toBe('committed')
  expect(harness.calls).toEqual(['prepare a3', 'prepare c3', 'commit a3', 'commit c3', 'close c1', 'close a1'])
})

test('G7 a check is asked for a changed module, and not again once that has passed its soak', async () => {
  const harness = await startHarness({ config: configOf(values), options: { soak: 1_000 } })
  harness.modules.b.always('check', 'reject') // b has passed its soak, so another module's change does not concern it
  expect((await harness.put(configOf({ ...values, x: 2 }), 1_500)).outcome).toBe('committed')
  expect([...new Set(harness.callsOf({ hooks: ['check'] }))]).toEqual(['check x2'])
})
