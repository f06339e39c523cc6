import { createReloader, type Failure } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { type Config, configOf, startHarness, Config as schema, type HarnessOptions } from './harness.ts'

const served = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const next = configOf({ a: 2, b: 2, c: 2, d: 2, x: 2, k: 2, l: 2 })

const documents: readonly [string, Failure['code'], string | Uint8Array][] = [
  ['truncated', 'document.malformed', '{"a":{"value":2'],
  ['empty', 'document.empty', ''],
  ['of the wrong type', 'schema.invalid', JSON.stringify({ ...next, b: { value: 'two' } })],
  ['with an unknown key', 'schema.invalid', JSON.stringify({ ...next, nobody: 1 })],
  ['with a duplicate key', 'document.duplicate-key', '{"a":{"value":2},"a":{"value":3}}'],
  ['with __proto__', 'document.forbidden-key', '{"a":{"value":2},"__proto__":{"value":3}}'],
  ['that is not UTF-8', 'document.encoding', Uint8Array.of(0x7b, 0xff, 0x7d)],
  ['that is too large', 'document.too-large', JSON.stringify({ ...next, note: 'x'.repeat(2_000_000) })],
  ['that is nested too deeply', 'document.too-deep', `${'['.repeat(5_000)}${']'.repeat(5_000)}`],
  ['that is not an object', 'schema.invalid', '7'],
]

test.each(documents)('G4 a document %s is rejected and no module is called', async (_, code, document) => {
  const harness = await startHarness({ config: served })
  const before = harness.reloader.config
  harness.source.put(document)
  expect(await harness.next()).toMatchObject({ outcome: 'rejected', failures: [{ code }], modules: [] })
  expect(harness.calls).toEqual([])
  expect(harness.reloader.config).toBe(before)
  expect(harness.reloader.status()).toMatchObject({ state: 'rejected', inSync: false })
})

test('G4 a document that was deleted is rejected and no module is called', async () => {
  const harness = await startHarness({ config: served })
  harness.source.delete()
  expect(await harness.next()).toMatchObject({ outcome: 'rejected', failures: [{ code: 'document.missing' }] })
  expect(harness.calls).toEqual([])
})

test('G4 a read that fails ends reload() as rejected and no module is called', async () => {
  const harness = await startHarness({ config: served })
  harness.source.failReads('source.denied', 1)
  const reloaded = harness.reloader.reload()
  await harness.advance(0)
  expect(await reloaded).toMatchObject({ outcome: 'rejected', failures: [{ code: 'source.denied' }], modules: [] })
  expect(harness.calls).toEqual([])
})

const throwing = (): never => {
  throw new Error('of the policy')
}

const refusals: readonly [string, Failure['code'], NonNullable<HarnessOptions['options']>][] = [
  [
    'a policy',
    'policy.refused',
    { policies: [() => undefined, (_, previous) => (previous === undefined ? undefined : throwing())] },
  ],
  [
    'the parser',
    'document.malformed',
    { parse: (text) => (text.includes('"value":2') ? throwing() : JSON.parse(text)) },
  ],
  [
    'a schema that throws',
    'schema.threw',
    { schema: schema.superRefine((config) => (config.a?.value === 2 ? throwing() : undefined)) },
  ],
  [
    'a schema that returns something other than plain data',
    'config.not-plain',
    {
      schema: schema.transform((config) =>
        config.a?.value === 2 ? ({ ...config, at: new Date() } as Config) : config,
      ),
    },
  ],
]

test.each(refusals)('G4 a document that fails %s is rejected and no module is called', async (_, code, options) => {
  const harness = await startHarness({ config: served, options })
  expect(await harness.put(next)).toMatchObject({ outcome: 'rejected', failures: [{ code }], modules: [] })
  expect(harness.calls).toEqual([])
  expect(harness.served).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1 })
})

test('G4 an async schema that never answers is rejected at its deadline and no module is called', async () => {
  const options = {
    deadlines: { validateMs: 5_000 },
    schema: schema.refine((config) => config.a?.value !== 2 || new Promise<boolean>(() => {})),
  }
  const harness = await startHarness({ config: served, options })
  expect(await harness.put(next, 5_002)).toMatchObject({ outcome: 'rejected', failures: [{ code: 'schema.timeout' }] })
  expect(harness.calls).toEqual([])
})

const selects: readonly [string, Failure['code'], (value: number) => unknown][] = [
  ['throws', 'module.select-failed', throwing],
  ['returns something other than plain data', 'config.not-plain', () => new Map()],
]

test.each(selects)(
  'G4 if the last select %s the document is rejected and no module is called',
  async (_, code, select) => {
    const source = memorySource(configOf({ a: 1 }))
    const calls: string[] = []
    const applierOf = (name: string) => ({
      prepare: () => {
        calls.push(name)
        return { instance: name }
      },
    })
    const reloader = createReloader({ source, schema })
      .use('first', (config) => config.a, applierOf('first'))
      .use('last', (config) => (config.a?.value === 2 ? select(2) : 1), applierOf('last'))
    await reloader.start()
    source.put(configOf({ a: 2 }))
    expect(await reloader.reload()).toMatchObject({ outcome: 'rejected', failures: [{ code }] })
    expect(calls).toEqual(['first', 'last'])
    await reloader.close()
  },
)

test('G4 a document rejected during a soak or while degraded calls no module either', async () => {
  const harness = await startHarness({ config: served, options: { repair: { minMs: 60_000, maxMs: 60_000 } } })
  harness.modules.b.script('rollback', 'throw')
  harness.modules.x.script('commit', 'throw')
  expect((await harness.put(next)).outcome).toBe('degraded')
  await harness.advance(100)
  harness.clearCalls()
  expect((await harness.put('{')).outcome).toBe('rejected')
  expect(harness.calls).toEqual([])
})
