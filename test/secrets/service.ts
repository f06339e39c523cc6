import {
  createReloader,
  type ReloaderOptions,
  type SecretAnswer,
  SecretError,
  type TransactionRecord,
} from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { onTestFinished } from 'vitest'
import { z } from 'zod'

export const Config = z.strictObject({
  db: z.strictObject({ max: z.number(), password: z.string().min(1) }),
  extra: z.record(z.string(), z.string()).optional(),
  port: z.coerce.number().optional(),
})
export type Config = z.infer<typeof Config>

export const ref = (name: string, provider = 'vault') => ({ $secret: `${provider}:${name}` })

export const documentOf = (more: object = {}, max = 1): object => ({ db: { max, password: ref('db') }, ...more })

/** A secret manager whose answers a test scripts. */
export class FakeVault {
  readonly secrets = new Map<string, SecretAnswer>([['db', 'first-password']])
  readonly reads: string[] = []
  /** What a read fails with, by name; `all` for every name. */
  readonly failing = new Map<string, unknown>()
  /** Names whose reads hang until they are released. */
  readonly hanging = new Map<string, Promise<void>>()
  readonly signals: AbortSignal[] = []
  onChange: (name?: string) => void = () => {}
  isWatched = false

  readonly read = async (name: string, { signal }: { readonly signal: AbortSignal }): Promise<SecretAnswer> => {
    this.reads.push(name)
    this.signals.push(signal)
    await this.hanging.get(name)
    const error = this.failing.get(name) ?? this.failing.get('all')
    if (error !== undefined) throw error
    return this.secrets.get(name)
  }

  readonly watch = (onChange: (name?: string) => void): (() => void) => {
    this.isWatched = true
    this.onChange = onChange
    return () => {
      this.isWatched = false
    }
  }

  /** Stores another value, and says so. */
  rotate(value: SecretAnswer, name = 'db'): void {
    this.secrets.set(name, value)
    this.onChange(name)
  }
}

export const unreachable = () => new SecretError('secret.unreachable')

export interface SecretServiceOptions extends Partial<ReloaderOptions<Config>> {
  readonly document?: object | string
  /** Called by the prepare of the module `db`. */
  readonly prepare?: (db: Config['db']) => void | Promise<void>
  readonly vault?: FakeVault
}

/** A reloader with one module, on a virtual clock, whose secrets are those of a fake manager. */
export const createSecretService = ({
  document = documentOf(),
  prepare,
  vault = new FakeVault(),
  ...options
}: SecretServiceOptions = {}) => {
  const clock = createVirtualClock()
  const source = memorySource(document as never)
  const lines: string[] = []
  const note = (data: object, message: string) => void lines.push(`${JSON.stringify(data)} ${message}`)
  const served: string[] = []
  const closed: string[] = []
  const reloader = createReloader({
    source,
    schema: Config,
    clock,
    random: () => 0.5,
    logger: { debug: note, info: note, warn: note, error: note },
    secrets: { vault },
    ...options,
  }).use('db', (config) => config.db, {
    prepare: async (db) => {
      await prepare?.(db)
      return {
        instance: db.password,
        commit: () => void served.push(db.password),
        close: async () => void closed.push(db.password),
      }
    },
  })
  const records: TransactionRecord[] = []
  const collecting = (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  onTestFinished(async () => {
    const closing = reloader.close()
    await clock.advance(60_000)
    await closing
    await collecting
  })
  return { reloader, source, vault, clock, lines, served, closed, records }
}

export type SecretService = ReturnType<typeof createSecretService>

/** Starts it, and lets what the start needs pass. */
export const startSecretService = async (options: SecretServiceOptions = {}): Promise<SecretService> => {
  const service = createSecretService(options)
  const started = service.reloader.start()
  await service.clock.advance(100)
  await started
  return service
}

/** The outcomes so far, each with its trigger. */
export const outcomesOf = ({ records }: SecretService): readonly string[] =>
  records.map(({ trigger, outcome }) => `${trigger} ${outcome}`)

/** The first failure of a record. */
export const failureOf = (record: TransactionRecord | undefined) =>
  record !== undefined && 'failures' in record ? record.failures[0] : undefined
