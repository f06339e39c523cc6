import { toStandardJsonSchema } from '@valibot/to-json-schema'
import { type } from 'arktype'
import { createReloader, type Schema } from 'changeover'
import { memorySource } from 'changeover/testing'
import * as v from 'valibot'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { z as z3 } from 'zod/v3'
import { secret, secretsIn } from '../support/secrets.ts'
import { failuresOf } from './refusals.ts'
import { createService, good, schemaOf, startService } from './service.ts'

const S = secret('value')
const pathsOf = async (schema: Schema, document: unknown) => {
  const failures = await failuresOf(schema, document)
  expect(secretsIn(JSON.stringify(failures))).toEqual([])
  return failures.map(({ path, detail }) => `${path}: ${detail}`)
}

/** Without its JSON Schema, as older versions of the library are. */
const bare = (schema: Schema): Schema =>
  Object.create(schema, { '~standard': { value: { ...schema['~standard'], jsonSchema: undefined } } })

describe('Names in paths', () => {
  const expected = ['db.max: expected an integer of at most 9']
  it.each<[string, Schema]>([
    ['zod', z.object({ db: z.object({ max: z.int().max(9) }) })],
    ['zod, of a version without JSON Schema', bare(z.object({ db: z.object({ max: z.int().max(9) }) }))],
    ['zod mini', mini.object({ db: mini.object({ max: mini.int().check(mini.maximum(9)) }) })],
    ['zod 3', z3.object({ db: z3.object({ max: z3.number().int().max(9) }) }) as unknown as Schema],
    ['valibot', v.object({ db: v.object({ max: v.pipe(v.number(), v.integer(), v.maxValue(9)) }) })],
    [
      'valibot with its JSON Schema',
      toStandardJsonSchema(v.object({ db: v.object({ max: v.pipe(v.number(), v.integer(), v.maxValue(9)) }) })),
    ],
    ['arktype', type({ db: { max: 'number.integer <= 9' } })],
    ['arktype, of a version without JSON Schema', bare(type({ db: { max: 'number.integer <= 9' } }))],
  ])('come from %s', async (what, schema) => {
    const paths = await pathsOf(schema, { db: { max: 1e9 } })
    if (what.startsWith('zod, of a version')) expect(paths[0]).toContain('db.max: ')
    else expect(paths).toEqual(expected)
  })

  it.each<[string, Schema]>([
    ['z.coerce.date()', z.object({ when: z.union([z.string(), z.coerce.date()]), max: z.number() })],
    ['z.bigint()', z.object({ when: z.coerce.bigint(), max: z.number() })],
    ['a transform', z.object({ when: z.string().transform((text) => text.length), max: z.number() })],
    ['z.custom()', z.object({ when: z.custom(() => true), max: z.number() })],
    ['z.preprocess()', z.object({ when: z.preprocess((value) => value, z.any()), max: z.number() })],
    ['v.transform()', v.object({ when: v.pipe(v.string(), v.transform(Number)), max: v.number() })],
    ['v.custom()', v.object({ when: v.custom(() => true), max: v.number() })],
    ['narrow', type({ when: type('string').narrow(() => true), max: 'number' })],
    ['a bigint of arktype', type({ when: 'string|bigint', max: 'number' })],
    ['a pipe of arktype', type({ when: type('string').pipe((text) => text.length), max: 'number' })],
  ])('stay if one part of the schema has no JSON Schema: %s', async (_, schema) => {
    expect(await pathsOf(schema, { when: '1', max: S })).toEqual(['max: expected a number'])
  })

  const opaque = (isSpoilt: () => boolean, path: readonly string[]) =>
    schemaOf((value) => (isSpoilt() ? { issues: [{ message: S, path }] } : { value: value as never }))

  it.each<[string, object, readonly string[], string]>([
    ['of the serving config', {}, ['db', 'max'], 'db.max'],
    ['that it does not have', {}, ['db', S], 'db.*'],
    ['that look like data', { limits: { [S]: 1 } }, ['limits', S], 'limits.*'],
    ['of a record', { limits: { alice: { n: 1 }, bob: { n: 2 } } }, ['limits', 'bob'], 'limits.*'],
  ])('come from the serving config if the schema has none: those %s', async (_, more, path, shown) => {
    let isSpoilt = false
    const document = { ...good, ...more } as typeof good
    const service = await startService({ schema: opaque(() => isSpoilt, path), document })
    isSpoilt = true
    service.source.put({ ...document, db: { max: 11, password: S } })
    await service.clock.advance(0)
    expect(service.reloader.status().last).toMatchObject({ failures: [{ path: shown }] })
    await service.reloader.close()
  })

  it('are masked before the first config, and one warning at the start says so', async () => {
    const service = createService({ schema: opaque(() => true, ['db', 'max']), document: good })
    const started = service.reloader.start().catch((error: unknown) => error)
    await service.clock.advance(0)
    expect(await started).toMatchObject({ failures: [{ path: '*.*' }] })
    const warnings = service.logs.filter((line) => JSON.stringify(line).includes('schema.names-hidden'))
    expect(warnings).toHaveLength(1)
    expect(JSON.stringify(warnings)).toContain('toStandardJsonSchema')
  })

  it('need no warning if the schema has them', async () => {
    const service = await startService()
    expect(JSON.stringify(service.logs)).not.toContain('names-hidden')
    await service.reloader.close()
  })
})

describe('A schema whose output is no plain data', () => {
  it.each<[string, Schema, string]>([
    ['z.date()', z.object({ db: z.object({ from: z.date() }) }), 'db.from'],
    ['z.coerce.date()', z.object({ db: z.object({ from: z.coerce.date().optional() }) }), 'db.from'],
    ['a map', z.object({ list: z.array(z.object({ map: z.map(z.string(), z.number()) })) }), 'list.*.map'],
    ['a set in a record', z.object({ sets: z.record(z.string(), z.set(z.string())) }), 'sets.*'],
    ['a nullable date', z.object({ from: z.date().nullable() }), 'from'],
    ['a pipe to a date', z.object({ from: z.string().pipe(z.coerce.date()) }), 'from'],
    ['zod 3', z3.object({ from: z3.date() }) as unknown as Schema, 'from'],
    ['v.date()', v.object({ from: v.date() }), 'from'],
    ['v.toDate()', v.object({ from: v.pipe(v.string(), v.toDate()) }), 'from'],
    [
      'a transform to v.date()',
      v.object({
        from: v.pipe(
          v.string(),
          v.transform((text) => new Date(text)),
          v.date(),
        ),
      }),
      'from',
    ],
    ['a map of valibot', v.object({ map: v.map(v.string(), v.number()) }), 'map'],
    ['Date of arktype', type({ db: { from: 'Date' } }), 'db.from'],
    ['string.date.parse', type({ from: 'string.date.parse' }), 'from'],
    ['Map of arktype', type({ map: 'Map' }), 'map'],
    ['a date as the whole', z.date(), '(root)'],
  ])('is refused at construction with its path: %s', (_, schema, path) => {
    const create = () => createReloader({ source: memorySource(), schema })
    expect(create).toThrow(expect.objectContaining({ code: 'config.not-plain' }))
    expect(create).toThrow(`at ${path})`)
  })

  it.each<[string, Schema]>([
    ['a union with a plain branch', z.object({ from: z.union([z.string(), z.date()]) })],
    ['a bigint', z.object({ id: z.coerce.bigint() })],
    ['a date that becomes text', z.object({ from: z.coerce.date().transform((date) => date.toISOString()) })],
  ])('is not refused for %s', (_, schema) => {
    expect(() => createReloader({ source: memorySource(), schema })).not.toThrow()
  })
})
