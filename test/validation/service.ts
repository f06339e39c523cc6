import {
  createReloader,
  defineApplier,
  type ErrorCode,
  type Failure,
  isChangeoverError,
  type ReloaderOptions,
  type Schema,
  type SchemaResult,
  type TransactionRecord,
} from 'changeover'
import { createVirtualClock, type MemoryContent, memorySource } from 'changeover/testing'
import { afterEach, beforeEach, expect } from 'vitest'
import { z } from 'zod'
import { secret, secretsIn, show } from '../support/secrets.ts'

/** Is planted in every bad document, as a value or a key, and must not be visible anywhere. */
export const SECRET = secret('document')

export const Config = z.strictObject({
  log: z.strictObject({ level: z.enum(['debug', 'info']) }),
  db: z.strictObject({ max: z.number().int().positive(), password: z.string() }),
  limits: z.record(z.string(), z.number()).optional(),
  list: z.array(z.strictObject({ n: z.number() })).optional(),
})
export type Config = z.infer<typeof Config>

export const good: Config = { log: { level: 'info' }, db: { max: 10, password: `${SECRET}-good` } }

/** Concatenates texts and bytes. */
export const bytes = (...parts: readonly (string | readonly number[])[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : Buffer.from(part))))

/** Makes a schema of one function. */
export const schemaOf = <T>(validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>): Schema<T> => ({
  '~standard': { version: 1, vendor: 'test', validate },
})

/** Makes a function that throws a value, whether it is an error or not. */
export const throwing = (value: unknown) => (): never => {
  throw value
}

/** Checks after each test of the file that no rejection was left unhandled, which would end a service. */
export const expectNothingUnhandled = (): void => {
  const unhandled: unknown[] = []
  const note = (error: unknown): void => void unhandled.push(error)
  beforeEach(() => {
    unhandled.length = 0
    process.on('unhandledRejection', note)
  })
  afterEach(async () => {
    await new Promise((resolve) => setImmediate(resolve))
    process.off('unhandledRejection', note)
    expect(unhandled).toEqual([])
  })
}

export type ServiceOptions = Partial<ReloaderOptions<Config>> & { readonly document?: MemoryContent }

/**
 * Creates a reloader over a memory source and a virtual clock, with a generation module and a compensating one that
 * count their calls.
 */
export const createService = ({ document, ...options }: ServiceOptions = {}) => {
  const clock = createVirtualClock()
  const source = memorySource(document)
  const logs: unknown[] = []
  const log = (data: object, message: string): void => void logs.push([data, message])
  const calls = { made: 0, closed: 0, applied: 0 }
  const level = defineApplier<Config['log']>({
    apply: () => {
      calls.applied += 1
    },
  })
  const reloader = createReloader<Config>({
    source,
    schema: Config,
    logger: { debug: log, info: log, warn: log, error: log },
    clock,
    quarantine: { minMs: 60_000 }, // a schema that could not decide is asked again after that
    ...options,
  })
    .use('db', (config) => config.db, {
      prepare: (slice: Config['db']) => {
        calls.made += 1
        const close = async (): Promise<void> => {
          calls.closed += 1
        }
        return { instance: slice.max, close }
      },
    })
    .use('level', (config) => config.log, level)
  return { clock, source, logs, calls, reloader }
}

export type Service = ReturnType<typeof createService>

/** Starts the service with the good document. */
export const startService = async (options: ServiceOptions = {}): Promise<Service> => {
  const service = createService({ document: good, ...options })
  const started = service.reloader.start()
  await service.clock.advance(0)
  await started
  return service
}

/** What a rejection must report. A path or kind of `undefined` must be absent. */
export interface Rejection {
  readonly code: ErrorCode
  readonly path?: string | undefined
  readonly kind?: string | undefined
}

const expectFailure = (failure: Failure | undefined, { code, path, kind }: Rejection): void => {
  expect(failure).toMatchObject({ code, phase: 'validating' })
  expect([failure?.path, failure?.kind]).toEqual([path, kind])
  expect(failure?.hint).not.toBe('')
}

/** Fails if the secret is visible in any of the values. */
export const expectHidden = (...shown: readonly unknown[]): void => {
  expect(secretsIn(shown.map(show).join('\n'))).toEqual([])
}

/** Publishes the document as a change: it must be rejected with no module called, and what served must keep serving. */
export const expectRejected = async (
  service: Service,
  content: MemoryContent | undefined,
  rejection: Rejection,
): Promise<void> => {
  const { clock, source, reloader, logs, calls } = service
  const before = { config: reloader.config, calls: { ...calls }, rejected: reloader.status().counters.rejected }
  const revision = content === undefined ? source.delete() : source.put(content)
  await clock.advance(6_000)
  const { last, state, counters } = reloader.status()
  expect(last?.outcome).toBe('rejected')
  const { failures, modules } = last as Extract<TransactionRecord, { outcome: 'rejected' }>
  expect(last?.revision).toEqual(revision)
  expectFailure(failures[0], rejection)
  expect([state, counters.rejected]).toEqual(['rejected', before.rejected + 1])
  expect(modules).toEqual([])
  expect(reloader.config).toBe(before.config)
  expect(calls).toEqual(before.calls)
  expectHidden(logs, last, reloader.status())
}

/** Starts with the document as the first: `start` must reject with the same failure, and nothing may be left open. */
export const expectStartRejected = async (service: Service, rejection: Rejection): Promise<void> => {
  const { clock, source, reloader, logs, calls } = service
  const started: Promise<unknown> = reloader.start().then(
    () => 'started',
    (error: unknown) => error,
  )
  await clock.advance(6_000)
  const error = await started
  if (!isChangeoverError(error)) throw new Error('start did not reject with a ChangeoverError', { cause: error })
  expect(error.code).toBe(rejection.code)
  expectFailure(error.failures[0], rejection)
  expect(calls).toEqual({ made: 0, closed: 0, applied: 0 })
  expect(() => reloader.config).toThrow('reloader.not-started')
  expect([reloader.status().state, source.watches, clock.pending()]).toEqual(['closed', 0, 0])
  await expect(source.read(new AbortController().signal)).rejects.toMatchObject({ code: 'source.closed' })
  expectHidden(logs, error, reloader.status())
}
