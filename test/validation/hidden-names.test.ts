import { type } from 'arktype'
import { createReloader, type Schema } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'

const S = secret('value')

interface Line {
  readonly code?: string
  readonly changeover?: { readonly path?: string; readonly hint?: string }
}

/** Returns the lines of a start, a change and a close that say that names are hidden. */
const noticesOf = async (schema: Schema, document: object, publicPaths: readonly string[] = []) => {
  const lines: Line[] = []
  const log = (line: object): void => void lines.push(line)
  const clock = createVirtualClock()
  const source = memorySource(document)
  const options = { source, schema, clock, public: publicPaths as never }
  const reloader = createReloader({ ...options, logger: { debug: log, info: log, warn: log, error: log } })
  const started = reloader.start()
  await clock.advance(0)
  await started
  source.put({ ...document, more: 1 })
  await clock.advance(0)
  const closed = reloader.close()
  await clock.advance(1_000)
  await closed
  expect(secretsIn(show(lines))).toEqual([])
  return lines.filter(({ code }) => code?.includes('hidden') === true)
}

const db = { [S]: { password: S } }

describe('A part of a schema that does not say which keys it has', () => {
  it.each<[string, Schema, object, string]>([
    ['any of zod', z.object({ max: z.number(), db: z.any() }), { max: 1, db }, 'db.*'],
    ['unknown of zod', z.object({ max: z.number(), db: z.unknown() }), { max: 1, db }, 'db.*'],
    ['custom of zod', z.object({ db: z.object({ ssl: z.custom(() => true) }) }), { db: { ssl: db } }, 'db.ssl.*'],
    ['a record of zod', z.object({ db: z.record(z.string(), z.any()) }), { db }, 'db.*.*'],
    ['a list of zod', z.object({ list: z.array(z.unknown()) }), { list: [db] }, 'list.*.*'],
    ['any of valibot', v.object({ max: v.number(), db: v.any() }), { max: 1, db }, 'db.*'],
    ['custom of valibot', v.object({ db: v.optional(v.custom(() => true)) }), { db }, 'db.*'],
    ['a record of valibot', v.object({ db: v.record(v.string(), v.unknown()) }), { db }, 'db.*.*'],
    ['object of arktype', type({ max: 'number', db: 'object' }), { max: 1, db }, 'db.*'],
    ['unknown of arktype', type({ db: { ssl: 'unknown' } }), { db: { ssl: db } }, 'db.ssl.*'],
    ['a list of arktype', type({ list: 'unknown[]' }), { list: [db] }, 'list.*'],
    ['two of them', z.object({ a: z.any(), b: z.object({ c: z.any() }) }), { a: 1, b: { c: 1 } }, 'a.*, b.c.*'],
  ])('is named by one warning at the start, with the cure: %s', async (_, schema, document, path) => {
    const notices = await noticesOf(schema, document)
    expect(notices).toMatchObject([{ code: 'schema.part-hidden', changeover: { path } }])
    expect(notices[0]?.changeover?.hint).toContain('Declare the keys of this part, or list it in public')
  })

  it('needs no warning if it is public', async () => {
    const schema = z.object({ db: z.object({ ssl: z.any() }) })
    for (const path of ['db', 'db.ssl', 'db.ssl.*'])
      expect(await noticesOf(schema, { db: { ssl: {} } }, [path])).toEqual([])
  })

  it('is not named if the whole schema is like that, of which another warning says so', async () => {
    expect(
      await noticesOf(
        z.custom<object>(() => true),
        { db },
      ),
    ).toMatchObject([{ code: 'schema.names-hidden' }])
  })

  it('lists five parts at most', async () => {
    const keys = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
    const schema = z.object(Object.fromEntries(keys.map((key) => [key, z.any().optional()])))
    const [notice] = await noticesOf(schema, {})
    expect(notice?.changeover?.path).toBe('a.*, b.*, c.*, d.*, e.*')
  })
})

const Tree: z.ZodType = z.object({
  value: z.number(),
  get next() {
    return Tree.optional()
  },
})
const tree: v.GenericSchema = v.object({ value: v.number(), next: v.optional(v.lazy(() => tree)) })

describe('No warning is needed for', () => {
  it.each<[string, Schema, object]>([
    ['scalars', z.object({ a: z.string(), b: z.coerce.number(), c: z.stringbool() }), { a: '', b: 1, c: 'true' }],
    ['a bigint', z.object({ a: z.coerce.bigint() }), { a: '1' }],
    ['a record of scalars', z.object({ a: z.record(z.string(), z.string()) }), { a: { [S]: S } }],
    ['an object that allows other keys', z.looseObject({ a: z.string() }), { a: '' }],
    ['an object of valibot that allows other keys', v.looseObject({ a: v.string() }), { a: '' }],
    ['a strict object without keys', z.object({ a: z.strictObject({}) }), { a: {} }],
    ['a recursive schema of zod', z.object({ a: Tree }), { a: { value: 1 } }],
    ['a recursive schema of valibot', v.object({ a: tree }), { a: { value: 1 } }],
    ['literals and enums', z.object({ a: z.literal(1), b: z.enum(['x']) }), { a: 1, b: 'x' }],
    ['a tuple', z.object({ a: z.tuple([z.string()], z.number()) }), { a: [''] }],
    ['a pattern of arktype', type({ a: { '[/^x/]': { k: 'number' } } }), { a: { x1: { k: 1 } } }],
    ['preprocess', z.object({ a: z.preprocess((value) => value, z.object({ k: z.number() })) }), { a: { k: 1 } }],
    ['a morph to something else', type({ a: type({ x: 'number' }).pipe(({ x }) => ({ y: x })) }), { a: { x: 1 } }],
  ])('%s', async (_, schema, document) => {
    expect(await noticesOf(schema, document)).toEqual([])
  })
})

type Pair = readonly [before: object, after: object]

describe('Names of paths', () => {
  const differences = async (schema: Schema, [before, after]: Pair) => {
    const reloader = createReloader({ source: memorySource(before), schema })
    await reloader.start()
    const report = await reloader.plan(JSON.stringify(after))
    await reloader.close()
    return report.verdict === 'rejected' ? report.failures : report.diff.differences.map(({ path }) => path)
  }

  it.each<[string, Schema, Pair, readonly string[]]>([
    [
      'of what a transform of zod returns',
      z.object({
        db: z
          .string()
          .transform((text) => JSON.parse(text))
          .pipe(z.object({ max: z.number() })),
      }),
      [{ db: '{"max":1}' }, { db: '{"max":2}' }],
      ['db.max'],
    ],
    [
      'of what parseJson of valibot returns',
      v.object({ db: v.pipe(v.string(), v.parseJson(), v.object({ max: v.number() })) }),
      [{ db: '{"max":1}' }, { db: '{"max":2}' }],
      ['db.max'],
    ],
    [
      'of what a morph of arktype returns',
      type({ db: type('string.json.parse').to({ max: 'number' }) }),
      [{ db: '{"max":1}' }, { db: '{"max":2}' }],
      ['db.max'],
    ],
    [
      'of the keys of a record',
      z.object({ a: z.record(z.enum(['x', 'y']), z.number()) }),
      [{ a: { x: 1, y: 2 } }, { a: { x: 2, y: 3 } }],
      ['a.x', 'a.y'],
    ],
    [
      'below a pattern',
      type({ a: { '[/^x/]': { k: 'number' } } }),
      [{ a: { x1: { k: 1 } } }, { a: { x1: { k: 2 } } }],
      ['a.*.k'],
    ],
  ])('come from the schema: %s', async (_, schema, pair, paths) => {
    expect(await differences(schema, pair)).toEqual(paths)
  })
})
