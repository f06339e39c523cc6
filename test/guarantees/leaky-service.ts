import { inspect } from 'node:util'
import {
  createReloader,
  defineApplier,
  type Logger,
  type ReloaderOptions,
  type Schema,
  SourceError,
  type TransactionRecord,
} from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import pino from 'pino'
import * as v from 'valibot'
import { z } from 'zod'
import { CARD, errorWithSecrets, secret, show } from '../support/secrets.ts'

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

/** Bad documents, each of which is rejected for a different reason. */
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
export type Hook = (typeof hooks)[number]

/** Creates a service whose hooks throw errors full of secrets when they are told to fail. */
export const createLeakyService = (options: Partial<ReloaderOptions<Config>> = {}) => {
  const clock = createVirtualClock()
  const inner = memorySource(configOf(1))
  const failing = new Set<Hook>()
  const thrown: Error[] = []
  const play = (hook: Hook): void => {
    if (!failing.has(hook)) return
    const error = errorWithSecrets(hook)
    thrown.push(error)
    throw hook === 'read' || hook === 'watch' ? new SourceError('source.unreachable', error) : error
  }
  const schema = options.schema ?? zodSchema
  const output: string[] = []
  const logger = pino({ level: 'debug' }, { write: (line: string) => void output.push(line) })
  const log =
    (level: keyof Logger) =>
    (data: object, message: string): void => {
      logger[level](data, message)
      output.push(inspect([data, message], { depth: 10, showHidden: true }))
    }
  const reloader = createReloader<Config>({
    soak: { durationMs: 100, checks: [() => play('health')] },
    parse: (text) => {
      play('parse')
      return JSON.parse(text)
    },
    policies: [() => play('policy')],
    public: ['log'],
    clock,
    logger: { debug: log('debug'), info: log('info'), warn: log('warn'), error: log('error') },
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
          if (failing.has('defer')) throw errorWithSecrets('prepare')
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

export const startLeakyService = async (options: Partial<ReloaderOptions<Config>> = {}): Promise<Service> => {
  const service = createLeakyService(options)
  const started = service.reloader.start()
  await service.clock.advance(500)
  await started
  return service
}

export const closeService = async ({ reloader, clock }: Service): Promise<void> => {
  const closed = reloader.close()
  await clock.advance(60_000)
  await closed
}

/** Publishes every bad document, and plans it. */
export const publishBadDocuments = async ({ source, clock, reloader, output }: Service): Promise<void> => {
  for (const document of badDocuments) {
    source.put(document)
    await clock.advance(1_000)
    output.push(show(await reloader.plan(document)))
  }
}

/** Publishes the configs 2 to 8, each planned with and without a prepare; the fourth is rolled back. */
export const publishConfigs = async ({ source, clock, reloader, failing, output }: Service): Promise<void> => {
  for (let n = 2; n <= 8; n++) {
    if (n === 4) failing.add('check')
    else failing.clear()
    const document = JSON.stringify(configOf(n))
    output.push(show(await reloader.plan(document)), show(await reloader.plan(document, { prepare: true })))
    source.put(configOf(n))
    await clock.advance(1_000)
  }
}

/** Makes a hook fail through a change, a reload, a plan, a retry and a close. */
export const failHook = async (service: Service, hook: Hook): Promise<void> => {
  const { clock, source, reloader, failing, output } = service
  failing.add(hook)
  if (hook === 'rollback') failing.add('check')
  if (hook === 'undo') failing.add('health')
  source.put(configOf(2))
  await clock.advance(300)
  if (hook === 'watch') source.breakWatch('source.closed')
  await clock.advance(2_000)
  const reloaded = reloader.reload()
  await clock.advance(10_000)
  output.push(show(await reloaded), show(await reloader.plan(JSON.stringify(configOf(3)))))
  // A document that failed in a module is quarantined by now; the retry tries it once more.
  const retried = reloader.retry().catch((error: unknown) => error)
  await clock.advance(10_000)
  output.push(show(await retried))
  if (hook === 'close') await closeService(service)
  failing.clear()
  await clock.advance(60_000)
}
