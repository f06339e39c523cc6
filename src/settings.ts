import { randomBytes } from 'node:crypto'
import { safeRandom } from './backoff.ts'
import { type Clock, MAX_DELAY_MS, systemClock } from './clock.ts'
import { safeLogger } from './log.ts'
import { changeoverError } from './model/errors.ts'
import type { Schema } from './model/schema.ts'
import type { BackoffOptions, Deadlines, Logger, ModuleDeadlines, ReloaderOptions, SoakOptions } from './options.ts'
import type { Source } from './source.ts'

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
  readonly digestKey: string
  /** Begins the ids of this reloader's transactions. */
  readonly idPrefix: string
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

// A misspelt option would silently keep its default.
const optionNames = new Set<string>([
  'source',
  'schema',
  'logger',
  'public',
  'parse',
  'policies',
  'maxDocumentBytes',
  'concurrency',
  'deadlines',
  'soak',
  'retry',
  'repair',
  'reconcileMs',
  'clock',
  'random',
] satisfies (keyof ReloaderOptions<unknown>)[])

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
  for (const name of Object.keys(options)) {
    if (!optionNames.has(name)) throw invalid(`there is no option ${name}`)
  }
  if (options.parse !== undefined && typeof options.parse !== 'function') throw invalid('parse takes a function')
  const publicPaths: unknown = options.public ?? []
  if (!Array.isArray(publicPaths) || !publicPaths.every((path) => typeof path === 'string' && path !== '')) {
    throw invalid('public takes an array of dotted paths')
  }
  const random = safeRandom(options.random)
  const policies = (options.policies ?? []) as Settings['policies']
  if (!policies.every((policy) => typeof policy === 'function')) throw invalid('policies takes functions')
  return {
    source: options.source,
    schema: options.schema,
    logger: safeLogger(options.logger),
    public: publicPaths,
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
    random,
    // The key is unguessable, but for a simulation, which must repeat itself.
    idPrefix: token(random),
    digestKey: options.random === undefined ? randomBytes(16).toString('hex') : String(random()),
  }
}

/** Eight characters that make ids unique across restarts. */
const token = (random: () => number): string =>
  Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0')
