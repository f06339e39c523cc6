import { type } from 'arktype'
import { createReloader, type Failure, isChangeoverError, type Schema } from 'changeover'
import { environment, layers } from 'changeover/layers'
import { createVirtualClock } from 'changeover/testing'
import * as v from 'valibot'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'

const zodSchema = z.strictObject({
  db: z
    .strictObject({ max: z.int().min(1), idleMs: z.number().optional(), tls: z.boolean(), host: z.string().nullable() })
    .partial()
    .optional(),
  hosts: z.array(z.string()).optional(),
  level: z.enum(['debug', 'info', '1']).optional(),
  limits: z.record(z.string(), z.number()).optional(),
  store: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('pg'), url: z.string() }),
      z.strictObject({ kind: z.literal('s3'), bucket: z.string(), parts: z.int().optional() }),
    ])
    .optional(),
  port: z.union([z.number(), z.string()]).optional(),
  cache: z.union([z.boolean(), z.strictObject({ size: z.number() })]).optional(),
  zip: z.string().optional(),
  maxSize: z.number().optional(),
  twin: z.strictObject({ aB: z.number().optional(), a_b: z.number().optional() }).optional(),
})

const valibotSchema = v.strictObject({
  db: v.optional(
    v.strictObject({
      max: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1))),
      idleMs: v.optional(v.number()),
      tls: v.optional(v.boolean()),
      host: v.optional(v.nullable(v.string())),
    }),
  ),
  hosts: v.optional(v.array(v.string())),
  level: v.optional(v.picklist(['debug', 'info', '1'])),
  limits: v.optional(v.record(v.string(), v.number())),
  store: v.optional(
    v.variant('kind', [
      v.strictObject({ kind: v.literal('pg'), url: v.string() }),
      v.strictObject({ kind: v.literal('s3'), bucket: v.string(), parts: v.optional(v.number()) }),
    ]),
  ),
  port: v.optional(v.union([v.number(), v.string()])),
  zip: v.optional(v.string()),
})

const arktypeSchema = type({
  '+': 'reject',
  'db?': { 'max?': 'number.integer >= 1', 'idleMs?': 'number', 'tls?': 'boolean', 'host?': 'string | null' },
  'hosts?': 'string[]',
  'level?': "'debug' | 'info' | '1'",
  'limits?': 'Record<string, number>',
  'store?': [{ kind: "'pg'", url: 'string' }, '|', { kind: "'s3'", bucket: 'string', 'parts?': 'number' }],
  'port?': 'number | string',
  'zip?': 'string',
})

/** Serves what the variables make, and tells what was reported. */
const serve = async (env: Readonly<Record<string, string>>, schema: Schema<object> = zodSchema) => {
  const clock = createVirtualClock()
  const reported: Failure[] = []
  const note = (data: object): void => {
    const { changeover } = data as { changeover?: Failure }
    if (changeover?.code?.startsWith('source.') === true) reported.push(changeover)
  }
  const logger = { debug: () => {}, info: () => {}, warn: note, error: note }
  const reloader = createReloader({ source: layers([environment({ prefix: 'APP_', env })]), schema, clock, logger })
  onTestFinished(async () => {
    const closing = reloader.close()
    await clock.advance(60_000)
    await closing
  })
  const starting = reloader.start()
  starting.catch(() => {})
  await clock.advance(3_000)
  await starting
  return { reloader, config: reloader.config as unknown, reported }
}

const refusal = async (env: Readonly<Record<string, string>>, schema?: Schema<object>) => {
  const error = await serve(env, schema).catch((reason: unknown) => reason)
  if (!isChangeoverError(error)) throw new Error('the start was not refused')
  return error.failures[0]
}

describe.each([
  ['zod', zodSchema as Schema<object>],
  ['valibot', valibotSchema as Schema<object>],
  ['arktype', arktypeSchema as unknown as Schema<object>],
])('The environment, by a schema of %s,', (_vendor, schema) => {
  it.each<[string, Record<string, string>, object]>([
    ['a number', { APP_DB__MAX: '20' }, { db: { max: 20 } }],
    ['a number with spaces around it', { APP_DB__MAX: ' 20\n' }, { db: { max: 20 } }],
    ['a key in camelCase by its words', { APP_DB__IDLE_MS: '1.5e3' }, { db: { idleMs: 1500 } }],
    ['a key in camelCase in one word', { APP_DB__IDLEMS: '5' }, { db: { idleMs: 5 } }],
    ['a key as it is written', { APP_db__idleMs: '5' }, { db: { idleMs: 5 } }],
    ['a boolean', { APP_DB__TLS: 'TRUE' }, { db: { tls: true } }],
    ['null', { APP_DB__HOST: 'null' }, { db: { host: null } }],
    ['text that looks like a number', { APP_ZIP: '01234' }, { zip: '01234' }],
    ['text that is a number', { APP_ZIP: '8010' }, { zip: '8010' }],
    ['empty text', { APP_ZIP: '' }, { zip: '' }],
    ['text with spaces', { APP_ZIP: ' a ' }, { zip: ' a ' }],
    ['one of several texts', { APP_LEVEL: '1' }, { level: '1' }],
    ['a list as JSON', { APP_HOSTS: '["a","b"]' }, { hosts: ['a', 'b'] }],
    ['an object as JSON', { APP_DB: '{"max":3}' }, { db: { max: 3 } }],
    [
      'a value in an object of another variable',
      { APP_DB__MAX: '4', APP_DB: '{"max":3,"tls":true}' },
      { db: { max: 4, tls: true } },
    ],
    ['the key of a record', { APP_LIMITS__TENANT_A: '7' }, { limits: { tenant_a: 7 } }],
    ['the key of a record in lower case', { APP_LIMITS__tenantA: '7' }, { limits: { tenantA: 7 } }],
    [
      'a member of one branch of a union',
      { APP_STORE__KIND: 's3', APP_STORE__BUCKET: 'b', APP_STORE__PARTS: '2' },
      { store: { kind: 's3', bucket: 'b', parts: 2 } },
    ],
    ['a number where text is allowed too', { APP_PORT: '80' }, { port: 80 }],
    ['text where a number is allowed too', { APP_PORT: '/run/app.sock' }, { port: '/run/app.sock' }],
  ])('reads %s', async (_title, env, expected) => {
    const { config, reported } = await serve(env, schema)
    expect(config).toEqual(expected)
    expect(reported).toEqual([])
  })

  it.each<[string, Record<string, string>, string]>([
    ['text for a number', { APP_DB__MAX: 'hunter2' }, 'APP_DB__MAX: expected an integer'],
    ['nothing for a number', { APP_DB__MAX: '' }, 'APP_DB__MAX: expected an integer'],
    ['a number that would be rounded', { APP_DB__IDLE_MS: '9007199254740993' }, 'APP_DB__IDLE_MS: expected a number'],
    ['a number in another base', { APP_DB__MAX: '0x10' }, 'APP_DB__MAX: expected an integer'],
    ['text for a boolean', { APP_DB__TLS: 'yes' }, 'APP_DB__TLS: expected true or false'],
    ['text for a list', { APP_HOSTS: 'hunter2,b' }, 'APP_HOSTS: expected an array, as JSON'],
    ['broken JSON for a list', { APP_HOSTS: '["hunter2"' }, 'APP_HOSTS: expected an array, as JSON'],
    ['a list with a key twice', { APP_DB: '{"max":1,"max":2}' }, 'APP_DB: expected an object'],
    ['an object for a list', { APP_HOSTS: '{"hunter2":1}' }, 'APP_HOSTS: expected an array, as JSON'],
    ['text for one of several', { APP_LEVEL: 'hunter2' }, 'APP_LEVEL'],
  ])('refuses %s, and names the variable and never the value', async (_title, env, text) => {
    const failed = await refusal(env, schema)
    expect(failed?.message).toContain(text)
    expect(failed?.layers).toEqual(['environment'])
    expect(JSON.stringify(failed)).not.toContain('hunter2')
  })

  it('reports a variable that leads to nothing once, with the nearest path, and never its value', async () => {
    const { config, reported } = await serve(
      { APP_DB_MAX: 'hunter2', APP_SHELL: 'hunter2', APP_DB__MIN_: '1', OTHER: '1' },
      schema,
    )
    expect(config).toEqual({})
    expect(reported.map(({ code }) => code)).toEqual(['source.unmapped-variable'])
    const [{ detail = '' } = {}] = reported
    expect(detail).toContain('APP_DB_MAX: the nearest is db.max, APP_DB__MAX')
    expect(detail).toContain('APP_SHELL')
    expect(detail).not.toContain('OTHER')
    expect(JSON.stringify(reported)).not.toContain('hunter2')
  })
})

describe('The environment', () => {
  it.each<[string, Record<string, string>, object]>([
    ['a boolean beside an object', { APP_CACHE: 'true' }, { cache: true }],
    ['an object beside a boolean', { APP_CACHE__SIZE: '5' }, { cache: { size: 5 } }],
    ['a key by its whole name, beside one that differs in an underscore', { APP_TWIN__a_b: '1' }, { twin: { a_b: 1 } }],
    ['a key by the form with underscores, beside one without', { APP_TWIN__A_B: '1' }, { twin: { a_b: 1 } }],
  ])('reads %s', async (_title, env, expected) => {
    expect((await serve(env)).config).toEqual(expected)
  })

  it.each<[string, Record<string, string>, string]>([
    ['two variables for one path', { APP_MAX_SIZE: '1', APP_MAXSIZE: '2' }, 'APP_MAX_SIZE and APP_MAXSIZE: maxSize'],
  ])('reports %s, and uses none of them', async (_title, env, text) => {
    const { config, reported } = await serve(env)
    expect(config).toEqual({})
    expect(reported[0]).toMatchObject({ code: 'source.ambiguous-variable', detail: text })
  })

  it.each([
    ['empty keys', { APP___DB: '1', APP_DB____MAX: '1', APP_DB__: '1' }],
    ['a place in a list', { APP_HOSTS__0: 'a' }],
    ['a key below a scalar', { APP_ZIP__CODE: '1' }],
    ['a forbidden key of a record', { APP_LIMITS____PROTO__: '1' }],
  ])('uses no variable with %s', async (_title, env) => {
    const { config, reported } = await serve(env)
    expect(config).toEqual({})
    expect(reported[0]?.code).toBe('source.unmapped-variable')
  })

  it('refuses a value below one that is no object', async () => {
    const failed = await refusal({ APP_CACHE: 'true', APP_CACHE__SIZE: '5' })
    expect(failed?.message).toContain('APP_CACHE__SIZE')
  })

  it('reads by the form of the value what a schema says nothing about', async () => {
    const anything: Schema<object> = {
      '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value: value as object }) },
    }
    const env = { APP_DB__MAX: '5', APP_NAME: 'a', APP_ON: 'true', APP_LIST: '[1]', APP_CODE: '007' }
    expect((await serve(env, anything)).config).toEqual({ db: { max: 5 }, name: 'a', on: true, list: [1], code: '007' })
  })

  it('is read once: a variable that is set later changes nothing', async () => {
    const env: Record<string, string> = { APP_DB__MAX: '5' }
    const source = environment({ prefix: 'APP_', env })
    env.APP_DB__MAX = '6'
    const found = await source.read(new AbortController().signal)
    expect(found).toMatchObject({ kind: 'document', content: '{"db":{"max":5}}' })
  })

  it('has neither a value nor a hash of one in its revision', async () => {
    const read = (value: string) =>
      environment({ prefix: 'APP_', env: { APP_ZIP: value } }).read(new AbortController().signal)
    const [first, second] = [await read('hunter2'), await read('hunter2')]
    expect(first.revision.lineage).not.toBe(second.revision.lineage)
    expect(first.revision.name).toBe('environment')
  })
})
