import { type Clock, MAX_DELAY_MS, systemClock } from './clock.ts'
import { safeLogger } from './log.ts'
import { changeoverError } from './model/errors.ts'
import type { ConfigPath, DeepReadonly, Schema } from './model/schema.ts'
import type { Source } from './source.ts'

/** What a reloader logs with: a pino logger, or anything with these four. */
export interface Logger {
  readonly debug: (data: object, message: string) => void
  readonly info: (data: object, message: string) => void
  readonly warn: (data: object, message: string) => void
  readonly error: (data: object, message: string) => void
}

/** Deadlines of one module's phases, in milliseconds. */
export interface ModuleDeadlines {
  /** Opening connections and warming caches. Default 30,000: a slow start is not an error. */
  readonly prepareMs?: number
  /** A compensating module's apply, and its undo. Default 30,000. */
  readonly applyMs?: number
  /** One answer of a check during the soak. Default 5,000. */
  readonly checkMs?: number
  /** Draining and releasing an old generation; after it the generation is reported as a leak. Default 30,000. */
  readonly closeMs?: number
  /** How long a call may take to end once its signal has aborted, before it is given up. Default 1,000. */
  readonly graceMs?: number
}

/** All deadlines, in milliseconds. */
export interface Deadlines extends ModuleDeadlines {
  /** One read of the source. Default 5,000. */
  readonly readMs?: number
  /** An asynchronous schema. Default 5,000. */
  readonly validateMs?: number
  /** How long leases may keep an old generation from being closed. Default 30,000. */
  readonly leaseMs?: number
}

/** The time after the commit in which a failed check swaps everything back. */
export interface SoakOptions<Config> {
  /** How long the new generations must hold. 0 turns the soak off. */
  readonly durationMs: number
  /** Between two rounds of checks. Default: a tenth of the duration, at least 100 and at most 5,000. */
  readonly intervalMs?: number
  /** Failed rounds in a row that end the soak. Default 1. */
  readonly failureThreshold?: number
  /** Health checks of the service as a whole, beside the `check`s of the modules; one that rejects has failed. */
  readonly checks?: readonly ((config: DeepReadonly<Config>, signal: AbortSignal) => Promise<void> | void)[]
}

/** Capped exponential back-off with full jitter, in milliseconds. */
export interface BackoffOptions {
  /** First delay. Default 200. */
  readonly minMs?: number
  /** Longest delay. Default 5,000: a source that returns is noticed soon, and one that is dead is asked gently. */
  readonly maxMs?: number
}

export interface ReloaderOptions<Config> {
  /** Where documents come from. The reloader closes it. */
  readonly source: Source
  /** Any Standard Schema: zod, valibot, arktype. Let it refuse unknown keys (`z.strictObject`). */
  readonly schema: Schema<Config>
  /** Default: nothing is logged. */
  readonly logger?: Logger
  /** Paths whose values may be shown in logs, records and diffs, with all below them; all others are secret. Default none. */
  readonly public?: readonly ConfigPath<Config>[]
  /** Makes data of the document's text, by throwing refuses it. Default: strict JSON that also refuses duplicate keys. */
  readonly parse?: (text: string) => unknown
  /** Each may refuse a change by throwing; `previous` is undefined at the first start. Default none. */
  readonly policies?: readonly ((
    next: DeepReadonly<Config>,
    previous: DeepReadonly<Config> | undefined,
  ) => undefined | void)[]
  /** Largest document, in bytes of UTF-8. Default 1,572,864: the most that etcd takes. */
  readonly maxDocumentBytes?: number
  /** Modules prepared side by side. Default 8. */
  readonly concurrency?: number
  readonly deadlines?: Deadlines
  /** A duration in milliseconds, or more. Default 0: no soak. */
  readonly soak?: number | SoakOptions<Config>
  /** Of reading an unreachable source. */
  readonly retry?: BackoffOptions
  /** Of repairing degraded modules. Default from 1,000 to 60,000. */
  readonly repair?: BackoffOptions
  /** How often a silent watch is verified by a read, ± 10 % jitter. Default 60,000. */
  readonly reconcileMs?: number
  /** For tests and simulations. Default: the machine's. */
  readonly clock?: Clock
  /** Numbers from 0 to below 1, for jitter and transaction ids; for simulations. Default `Math.random`. */
  readonly random?: () => number
}

/** The options with every default filled in. */
export interface Settings {
  readonly source: Source
  readonly schema: Schema
  readonly logger: Logger
  readonly public: readonly string[]
  readonly parse: ((text: string) => unknown) | undefined
  readonly policies: readonly ((next: unknown, previous: unknown) => unknown)[]
  readonly maxDocumentBytes: number
  readonly concurrency: number
  readonly deadlines: Required<Deadlines>
  readonly soak: Required<SoakOptions<unknown>>
  readonly retry: Required<BackoffOptions>
  readonly repair: Required<BackoffOptions>
  readonly reconcileMs: number
  readonly clock: Clock
  readonly random: () => number
}

const defaultDeadlines: Required<Deadlines> = {
  readMs: 5_000,
  validateMs: 5_000,
  prepareMs: 30_000,
  applyMs: 30_000,
  checkMs: 5_000,
  closeMs: 30_000,
  graceMs: 1_000,
  leaseMs: 30_000,
}

const invalid = (detail: string): Error => changeoverError('reloader.invalid-option', { detail })

// NaN and delays over 2³¹ − 1 become 1 ms in Node's timers, so they are refused here.
/** The value, where it is a delay that timers hold. */
export const checkMs = (name: string, value: number, least = 0): number => {
  const isValid = typeof value === 'number' && value >= least && value <= MAX_DELAY_MS
  if (!isValid) throw invalid(`${name} takes milliseconds from ${least} to ${MAX_DELAY_MS}`)
  return value
}

const checkCount = (name: string, value: number): number => {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(`${name} takes a whole number from 1`)
  return value
}

/** Checks the deadlines that a module gives for itself. */
export const checkDeadlines = <D extends ModuleDeadlines>(deadlines: D): D => {
  for (const [name, ms] of Object.entries(deadlines)) {
    if (!Object.hasOwn(defaultDeadlines, name)) throw invalid(`deadlines has no ${name}`)
    checkMs(`deadlines.${name}`, ms as number, name === 'graceMs' ? 0 : 1)
  }
  return deadlines
}

const resolveBackoff = (name: string, given: BackoffOptions | undefined, minMs: number, maxMs: number) => {
  const backoff = { minMs: given?.minMs ?? minMs, maxMs: given?.maxMs ?? maxMs }
  checkMs(`${name}.minMs`, backoff.minMs, 1)
  checkMs(`${name}.maxMs`, backoff.maxMs, 1)
  if (backoff.minMs > backoff.maxMs) throw invalid(`${name}.minMs is not above ${name}.maxMs`)
  return backoff
}

const resolveSoak = (given: number | SoakOptions<never> | undefined): Required<SoakOptions<unknown>> => {
  const options = typeof given === 'object' ? given : { durationMs: given ?? 0 }
  const durationMs = checkMs('soak.durationMs', options.durationMs)
  const intervalMs = options.intervalMs ?? Math.min(5_000, Math.max(100, durationMs / 10))
  const failureThreshold = checkCount('soak.failureThreshold', options.failureThreshold ?? 1)
  checkMs('soak.intervalMs', intervalMs, 1)
  // The first round comes at once, so a threshold of n needs n − 1 intervals.
  if (durationMs > 0 && (failureThreshold - 1) * intervalMs > durationMs) {
    throw invalid('soak.failureThreshold rounds do not fit into soak.durationMs: no check could ever fail it')
  }
  const checks = (options.checks ?? []) as Required<SoakOptions<unknown>>['checks']
  if (!checks.every((check) => typeof check === 'function')) throw invalid('soak.checks takes functions')
  if (durationMs === 0 && checks.length > 0) throw invalid('soak.checks need a soak.durationMs above 0')
  return { durationMs, intervalMs, failureThreshold, checks }
}

/** Fills in the defaults and refuses what cannot be. */
export const resolveOptions = <Config>(options: ReloaderOptions<Config>): Settings => {
  if (typeof options?.source?.read !== 'function' || typeof options.source.watch !== 'function') {
    throw invalid('source takes a Source: etcdSource(…), fileSource(…)')
  }
  if (typeof options.schema?.['~standard']?.validate !== 'function') {
    throw invalid('schema takes a Standard Schema: zod, valibot, arktype')
  }
  const policies = (options.policies ?? []) as Settings['policies']
  if (!policies.every((policy) => typeof policy === 'function')) throw invalid('policies takes functions')
  return {
    source: options.source,
    schema: options.schema,
    logger: safeLogger(options.logger),
    public: options.public ?? [],
    parse: options.parse,
    policies,
    maxDocumentBytes: checkCount('maxDocumentBytes', options.maxDocumentBytes ?? 1_572_864),
    concurrency: checkCount('concurrency', options.concurrency ?? 8),
    deadlines: { ...defaultDeadlines, ...checkDeadlines(options.deadlines ?? {}) },
    soak: resolveSoak(options.soak as number | SoakOptions<never> | undefined),
    retry: resolveBackoff('retry', options.retry, 200, 5_000),
    repair: resolveBackoff('repair', options.repair, 1_000, 60_000),
    reconcileMs: checkMs('reconcileMs', options.reconcileMs ?? 60_000, 1),
    clock: options.clock ?? systemClock,
    random: options.random ?? Math.random,
  }
}
