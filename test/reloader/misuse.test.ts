import { type Applier, createReloader, defineApplier, type ErrorCode, isChangeoverError } from 'changeover'
import { memorySource } from 'changeover/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'

/** What the types reject must also fail at once at run time, since JavaScript users and casts bypass them. */

const schema = z.strictObject({ a: z.number() })
const applier = (): Applier<number, number> => ({ prepare: (slice) => ({ instance: slice }) })
const select = (config: { readonly a: number }) => config.a
const make = (options: object = {}) =>
  // Bypasses the types on purpose, as JavaScript does.
  createReloader({ source: memorySource({ a: 1 }), schema, ...options }) as unknown as Untyped

interface Untyped {
  use: (name: unknown, select: unknown, applier: unknown, links?: unknown) => Untyped
  start: () => Promise<void>
  close: () => Promise<void>
  reload: () => Promise<unknown>
  lease: (task: unknown) => Promise<unknown>
  plan: (document: string) => Promise<unknown>
  readonly config: unknown
}

const codeOf = (act: () => unknown): ErrorCode | undefined => {
  try {
    act()
    return undefined
  } catch (error) {
    return isChangeoverError(error) ? error.code : undefined
  }
}

test('two modules with one name are rejected', () => {
  expect(codeOf(() => make().use('m', select, applier()).use('m', select, applier()))).toBe('reloader.duplicate-module')
})

test('a module that depends on an unknown one is rejected, so no cycle can be made', () => {
  expect(codeOf(() => make().use('m', select, applier(), { after: ['later'] }))).toBe('reloader.unknown-module')
  expect(codeOf(() => make().use('m', select, applier(), { after: ['m'] }))).toBe('reloader.unknown-module')
  expect(codeOf(() => make().use('m', select, applier(), { needs: { pool: 'later' } }))).toBe('reloader.unknown-module')
})

const withDb = () => make().use('db', select, applier())
const compensating = () => defineApplier<number>({ apply: () => {} })

test.each([
  [{ aftr: ['db'] }, 'there is no link "aftr", did you mean "after"?'],
  [{ After: ['db'] }, 'there is no link "After", did you mean "after"?'],
  [{ need: { pool: 'db' } }, 'there is no link "need", did you mean "needs"?'],
  [{ deadline: {} }, 'there is no link "deadline", did you mean "deadlines"?'],
  [{ dependsOn: ['db'] }, 'there is no link "dependsOn", only after, needs and deadlines'],
  [{ after: 'db' }, 'after must be an array of module names: ["db"]'],
  [{ after: new Set(['db']) }, 'after must be an array of module names: ["name"]'],
  [{ after: { db: true } }, 'after must be an array of module names: ["name"]'],
  [{ after: null }, 'after must be an array of module names: ["name"]'],
  [{ after: ['db', 1] }, 'after must be an array of module names, and each a non-empty text'],
  [{ after: [''] }, 'after must be an array of module names, and each a non-empty text'],
  [{ needs: ['db'] }, 'needs must be an object that names a module for each need: { need: "module" }'],
  [{ needs: 'db' }, 'needs must be an object that names a module for each need: { need: "module" }'],
  [{ needs: { pool: ['db'] } }, 'needs.pool must be the name of a module'],
  [{ needs: { pool: undefined } }, 'needs.pool must be the name of a module'],
  [{ deadlines: 5_000 }, 'deadlines must be an object of milliseconds'],
  [{ deadlines: null }, 'deadlines must be an object of milliseconds'],
  [
    'db',
    'the links of a module must be an object with after, needs or deadlines; to come after modules, write { after: […] }',
  ],
  [
    ['db'],
    'the links of a module must be an object with after, needs or deadlines; to come after modules, write { after: […] }',
  ],
  [null, 'the links of a module must be an object with after, needs or deadlines'],
])('the links %j of a module are rejected in words', (links, words) => {
  for (const made of [applier(), compensating()]) {
    expect(() => withDb().use('m', select, made, links)).toThrow(
      expect.objectContaining({ code: 'reloader.invalid-option', module: 'm' }),
    )
    expect(() => withDb().use('m', select, made, links)).toThrow(words)
  }
})

test('links whose members are undefined are absent, and a refused module is not added', () => {
  const reloader = withDb()
  expect(codeOf(() => reloader.use('m', select, applier(), { aftr: ['db'] }))).toBe('reloader.invalid-option')
  reloader.use('m', select, applier(), { after: undefined, needs: undefined, deadlines: undefined })
  reloader.use('n', select, applier(), undefined).use('o', select, applier(), {})
})

test('a misspelt module is named with the one that is meant', () => {
  expect(() =>
    make()
      .use('server', select, applier())
      .use('m', select, applier(), { after: ['serve'] }),
  ).toThrow('it names "serve", did you mean "server"?')
  expect(() => withDb().use('m', select, applier(), { needs: { pool: 'dbb' } })).toThrow(
    'it names "dbb", did you mean "db"?',
  )
})

test('needs of a compensating module are rejected', () => {
  expect(() => withDb().use('m', select, compensating(), { needs: { pool: 'db' } })).toThrow(
    'a compensating applier gets no needs: name the modules in after',
  )
  expect(() => withDb().use('m', select, compensating(), { after: ['db'] })).not.toThrow()
})

test('a generation module that depends on a compensating one is rejected', () => {
  const reloader = make().use('c', select, defineApplier<number>({ apply: () => {} }))
  expect(codeOf(() => reloader.use('m', select, applier(), { after: ['c'] }))).toBe('reloader.compensating-dependency')
  expect(codeOf(() => reloader.use('n', select, applier(), { needs: { c: 'c' } }))).toBe(
    'reloader.compensating-dependency',
  )
})

test('one applier for two modules is rejected', () => {
  const shared = applier()
  expect(codeOf(() => make().use('a', select, shared).use('b', select, shared))).toBe('reloader.applier-reused')
})

test('an invalid name, select or applier is rejected', () => {
  expect(codeOf(() => make().use('', select, applier()))).toBe('reloader.invalid-option')
  expect(codeOf(() => make().use(1, select, applier()))).toBe('reloader.invalid-option')
  expect(codeOf(() => make().use('m', 'a', applier()))).toBe('reloader.invalid-option')
  for (const wrong of [undefined, null, {}, () => {}, { prepare: 1 }, { kind: 'compensating' }]) {
    expect(codeOf(() => make().use('m', select, wrong))).toBe('reloader.invalid-option')
  }
})

test('use and start after start are rejected, and neither disturbs what serves', async () => {
  const reloader = make().use('m', select, applier())
  await reloader.start()
  expect(codeOf(() => reloader.use('n', select, applier()))).toBe('reloader.already-started')
  await expect(reloader.start()).rejects.toMatchObject({ code: 'reloader.already-started' })
  expect(reloader.config).toEqual({ a: 1 })
  await reloader.close()
})

test('before start there is no config, no lease and no reload', async () => {
  const reloader = make()
  expect(codeOf(() => reloader.config)).toBe('reloader.not-started')
  await expect(reloader.lease(() => 1)).rejects.toMatchObject({ code: 'reloader.not-started' })
  await expect(reloader.reload()).rejects.toMatchObject({ code: 'reloader.not-started' })
  await reloader.close()
})

test('a closed reloader does not start again', async () => {
  const reloader = make()
  await reloader.close()
  await reloader.close()
  expect(codeOf(() => reloader.use('m', select, applier()))).toBe('reloader.closed')
  await expect(reloader.start()).rejects.toMatchObject({ code: 'reloader.closed' })
  await expect(reloader.reload()).rejects.toMatchObject({ code: 'reloader.closed' })
  await expect(reloader.plan('{}')).rejects.toMatchObject({ code: 'reloader.closed' })
})

test.each([
  [{ source: undefined }, 'source'],
  [{ source: {} }, 'source'],
  [{ schema: undefined }, 'schema'],
  [{ schema: { parse: () => 1 } }, 'schema'],
  [{ concurrency: 0 }, 'concurrency'],
  [{ concurrency: 1.5 }, 'concurrency'],
  [{ maxDocumentBytes: Number.NaN }, 'maxDocumentBytes'],
  [{ reconcileMs: 2 ** 31 }, 'reconcileMs'],
  [{ reconcileMs: Number.NaN }, 'reconcileMs'],
  [{ deadlines: { prepareMs: -1 } }, 'deadlines.prepareMs'],
  [{ deadlines: { prepareMs: 2 ** 31 } }, 'deadlines.prepareMs'],
  [{ deadlines: { prepareMS: 1 } }, 'prepareMS'],
  [{ sourceBackoff: { minMs: 10, maxMs: 5 } }, 'sourceBackoff'],
  [{ repair: { minMs: 0 } }, 'repair.minMs'],
  [{ soak: -1 }, 'soak.durationMs'],
  [{ soak: Number.POSITIVE_INFINITY }, 'soak.durationMs'],
  [{ soak: { durationMs: 1_000, intervalMs: 1_000, failureThreshold: 3 } }, 'soak.failureThreshold'],
  [{ soak: { durationMs: 0, checks: [() => {}] } }, 'soak.checks'],
  [{ soak: { durationMs: 10, checks: ['x'] } }, 'soak.checks'],
  [{ policies: ['x'] }, 'policies'],
  [{ parse: 'json' }, 'parse'],
  [{ public: 'log' }, 'public'],
  [{ concurency: 3 }, 'concurency'],
])('the option %j is rejected, and the error names it', (options, name) => {
  expect(() => make(options)).toThrow(expect.objectContaining({ code: 'reloader.invalid-option' }))
  expect(() => make(options)).toThrow(name)
})
