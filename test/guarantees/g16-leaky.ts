import { inspect } from 'node:util'
import {
  createReloader,
  defineApplier,
  type ReloaderOptions,
  type Schema,
  SourceError,
  type TransactionRecord,
} from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import pino from 'pino'
import * as v from 'valibot'
import { z } from 'zod'

/** Every secret has this in it, and where it was planted, so that a leak says where it comes from. */
const MARK = 'S3cR3t'
export const secret = (place: string): string => `${MARK}-${place}`
/** A key of digits alone, which a path could take for an index. */
export const CARD = '4111111111111111'

/** The secrets in a text, each once. */
export const leaksIn = (text: string): string[] => [...new Set(text.match(new RegExp(`${MARK}[-\\w]*|${CARD}`, 'g')))]

export const zodSchema = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info']) }),
  db: z.strictObject({ max: z.number().max(50), password: z.string().max(60) }),
  users: z.record(z.string().max(40), z.strictObject({ quota: z.number() })),
  hosts: z.array(z.string().regex(/^S3cR3t-host/)),
})
export type Config = z.infer<typeof zodSchema>
export const valibotSchema = v.strictObject({
  log: v.strictObject({ level: v.picklist(['debug', 'info']) }),
  db: v.strictObject({ max: v.pipe(v.number(), v.maxValue(50)), password: v.pipe(v.string(), v.maxLength(60)) }),
  users: v.record(v.pipe(v.string(), v.maxLength(40)), v.strictObject({ quota: v.number() })),
  hosts: v.array(v.pipe(v.string(), v.regex(/^S3cR3t-host/))),
}) as Schema<Config>

export const configOf = (n: number): Config => ({
  log: { level: n % 2 === 0 ? 'debug' : 'info' },
  db: { max: n, password: secret(`password-${n}`) },
  users: { [secret(`user-${n}`)]: { quota: n }, [CARD]: { quota: 1 } },
  hosts: [secret(`host-${n}`)],
})

/** An error that holds secrets wherever an error can. */
export const leaky = (place: string): Error => {
  class Leaky extends Error {
    override name = secret(`${place}-name`)
    code = secret(`${place}-code`)
    detail = secret(`${place}-detail`)
    override cause = new Error(secret(`${place}-cause`))
    errors = [new Error(secret(`${place}-inner`))]
  }
  return new Leaky(secret(`${place}-message`))
}

/** Each is refused, for a reason of its own. */
export const badDocuments: readonly string[] = [
  `{"db":{"password":"${secret('truncated')}"`,
  `${secret('no-json')}`,
  JSON.stringify({ ...configOf(1), [secret('unknown-key')]: secret('unknown-value') }),
  JSON.stringify({ ...configOf(1), db: { max: secret('wrong-type'), password: 1, [secret('unknown-below')]: 1 } }),
  JSON.stringify({ ...configOf(1), db: { max: 99, password: secret('too-long').padEnd(90, 'x') } }),
  JSON.stringify({ ...configOf(1), log: { level: secret('picklist') } }),
  JSON.stringify({
    ...configOf(1),
    users: { [secret('record-key')]: { quota: secret('record-value') }, [CARD]: { quota: CARD } },
  }),
  JSON.stringify({
    ...configOf(1),
    users: { [secret('record-key-long').padEnd(50, 'y')]: { quota: 1, [secret('inner-key')]: 1 } },
  }),
  JSON.stringify({ ...configOf(1), hosts: [`x${secret('regex')}`, Number(CARD)] }),
  `{"users":{"${secret('twice')}":1,"${secret('twice')}":2}}`,
  `{"users":{"${secret('proto-parent')}":{"__proto__":"${secret('proto')}"}}}`,
  `{"users":${`{"${secret('deep')}":`.repeat(200)}1${'}'.repeat(200)}}`,
]

export const hooks = [
  'select',
  'prepare',
  'defer',
  'report',
  'commit',
  'rollback',
  'check',
  'close',
  'apply',
  'undo',
  'health',
  'policy',
  'parse',
  'schema',
  'listener',
  'read',
  'watch',
] as const
type Hook = (typeof hooks)[number]

/** A service whose hooks throw errors full of secrets when they are told to. */
export const createLeakyService = (options: Partial<ReloaderOptions<Config>> = {}) => {
  const clock = createVirtualClock()
  const inner = memorySource(configOf(1))
  const failing = new Set<Hook>()
  const thrown: Error[] = []
  const play = (hook: Hook): void => {
    if (!failing.has(hook)) return
    const error = leaky(hook)
    thrown.push(error)
    throw hook === 'read' || hook === 'watch' ? new SourceError('source.unreachable', error) : error
  }
  const schema = options.schema ?? zodSchema
  const output: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void output.push(line) })
  const noteAll = (data: object, message: string): void =>
    void output.push(inspect([data, message], { depth: 10, showHidden: true }))
  const reloader = createReloader<Config>({
    soak: { durationMs: 100, checks: [() => play('health')] },
    parse: (text) => {
      play('parse')
      return JSON.parse(text)
    },
    policies: [() => play('policy')],
    public: ['log'],
    clock,
    logger: {
      debug: (data, message) => {
        logger.debug(data, message)
        noteAll(data, message)
      },
      info: (data, message) => {
        logger.info(data, message)
        noteAll(data, message)
      },
      warn: (data, message) => {
        logger.warn(data, message)
        noteAll(data, message)
      },
      error: (data, message) => {
        logger.error(data, message)
        noteAll(data, message)
      },
    },
    ...options,
    source: {
      ...inner,
      read: async (signal) => {
        play('read')
        return inner.read(signal)
      },
      watch: (after, signal) => {
        play('watch')
        return inner.watch(after, signal)
      },
    },
    schema: {
      '~standard': {
        ...schema['~standard'],
        validate: (value) => {
          play('schema')
          return schema['~standard'].validate(value)
        },
      },
    },
  })
    .use(
      'db',
      (config) => {
        play('select')
        return config.db
      },
      {
        prepare: (slice: Config['db'], { defer, report }) => {
          defer(() => play('defer'))
          try {
            play('report')
          } catch (error) {
            report(error)
          }
          if (failing.has('defer')) throw leaky('prepare')
          play('prepare')
          return {
            instance: slice,
            commit: () => play('commit') as undefined,
            rollback: () => play('rollback') as undefined,
            check: async () => play('check'),
            close: async () => play('close'),
          }
        },
      },
    )
    .use(
      'users',
      (config) => config.users,
      defineApplier<Config['users']>({
        apply: (_, __, { direction }) => play(direction === 'forward' ? 'apply' : 'undo'),
        close: () => play('close'),
      }),
      { after: ['db'] },
    )
  reloader.subscribe(
    (config) => config.db,
    () => play('listener'),
  )
  const records: TransactionRecord[] = []
  void (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  return { clock, source: inner, reloader, failing, thrown, output, records }
}

export type Service = ReturnType<typeof createLeakyService>

/** In all the ways in which people and tools look at a value. */
export const show = (value: unknown): string => {
  const parts = [inspect(value, { depth: 10, showHidden: true }), JSON.stringify(value) ?? '', String(value)]
  if (value instanceof Error) {
    const { err, errWithCause } = pino.stdSerializers
    parts.push(value.message, value.stack ?? '', JSON.stringify(err(value)), JSON.stringify(errWithCause(value)))
    parts.push(
      ...Reflect.ownKeys(value).map((key) => inspect(Reflect.get(value, key), { depth: 10, showHidden: true })),
    )
  }
  return parts.join('\n')
}
