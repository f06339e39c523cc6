import { randomBytes } from 'node:crypto'
import { safeRandom } from './backoff.ts'
import { type Clock, MAX_DELAY_MS, systemClock } from './clock.ts'
import { fileStore } from './keeper/index.ts'
import type { GoodStore } from './keeper/types.ts'
import { safeLogger } from './log.ts'
import { isMachineInspector, type MachineInspector } from './machine-inspection.ts'
import { changeoverError } from './model/errors.ts'
import type { Schema } from './model/schema.ts'
import type {
  BackoffOptions,
  ConfirmOptions,
  Deadlines,
  Logger,
  ModuleDeadlines,
  QuarantineOptions,
  ReloaderOptions,
  SoakOptions,
} from './options.ts'
import type { Source } from './source.ts'

export type QuarantineSettings = Required<QuarantineOptions>

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
  readonly inspect: MachineInspector | undefined
  readonly clock: Clock
  readonly random: () => number
  /** The key of all digests, unless an earlier run has kept one. */
  readonly digestKey: string
  readonly lastKnownGood: GoodStore | undefined
  readonly build: string
  readonly maxAttempts: number
  readonly quarantine: QuarantineSettings
  readonly confirm: Required<ConfirmOptions> | undefined
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
  persistMs: 5_000,
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
  'lastKnownGood',
  'build',
  'maxAttempts',
  'quarantine',
  'confirm',
  'retry',
  'repair',
  'reconcileMs',
  'inspect',
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

const resolveSoak = (
  given: number | SoakOptions<never> | undefined,
  defaultMs: number,
  confirmMs: number,
): Required<SoakOptions<unknown>> => {
  const options = typeof given === 'object' ? given : { durationMs: given ?? defaultMs }
  const durationMs = checkMs('soak.durationMs', options.durationMs)
  const provingMs = Math.max(durationMs, confirmMs)
  const intervalMs = options.intervalMs ?? Math.min(5_000, Math.max(100, provingMs / 10))
  const failureThreshold = checkCount('soak.failureThreshold', options.failureThreshold ?? 1)
  checkMs('soak.intervalMs', intervalMs, 1)
  // The first round comes at once, so a threshold of n needs n − 1 intervals.
  if (durationMs > 0 && (failureThreshold - 1) * intervalMs > durationMs) {
    throw invalid('soak.failureThreshold rounds do not fit into soak.durationMs: no check could ever fail it')
  }
  const checks = (options.checks ?? []) as Required<SoakOptions<unknown>>['checks']
  if (!checks.every((check) => typeof check === 'function')) throw invalid('soak.checks takes functions')
  if (provingMs === 0 && checks.length > 0) throw invalid('soak.checks need a soak.durationMs above 0')
  return { durationMs, intervalMs, failureThreshold, checks }
}

const checkInspector = (given: MachineInspector | undefined): MachineInspector | undefined => {
  if (given === undefined || isMachineInspector(given)) return given
  throw invalid("inspect takes an XState inspector, a function or an observer with next: an inspector's own inspect")
}

const resolveStore = (given: unknown): GoodStore | undefined => {
  if (given === undefined) return undefined
  if (typeof given === 'string' && given !== '') return fileStore(given)
  const { load, save } = (given ?? {}) as GoodStore
  if (typeof load === 'function' && typeof save === 'function') return given as GoodStore
  throw invalid('lastKnownGood takes the path of a file, or a store with load and save')
}

const resolveQuarantine = (given: QuarantineOptions | undefined): QuarantineSettings => {
  const crashMs = checkMs('quarantine.crashMs', given?.crashMs ?? 3_600_000, 1)
  return { ...resolveBackoff('quarantine', given, 5_000, 600_000), crashMs }
}

const resolveConfirm = (given: ConfirmOptions | undefined): Required<ConfirmOptions> | undefined =>
  given === undefined ? undefined : { withinMs: checkMs('confirm.withinMs', given.withinMs, 1) }

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
  const lastKnownGood = resolveStore(options.lastKnownGood)
  const confirm = resolveConfirm(options.confirm)
  const soakOption = options.soak as number | SoakOptions<never> | undefined
  const soak = resolveSoak(soakOption, lastKnownGood === undefined ? 0 : 10_000, confirm?.withinMs ?? 0)
  if (confirm !== undefined && confirm.withinMs < soak.durationMs) {
    throw invalid('confirm.withinMs is at least soak.durationMs: nobody could confirm what has not been proved')
  }
  const build: unknown = options.build ?? ''
  if (typeof build !== 'string' || build.length > 200) throw invalid('build takes a string of at most 200 characters')
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
    soak,
    lastKnownGood,
    build,
    maxAttempts: checkCount('maxAttempts', options.maxAttempts ?? 3),
    quarantine: resolveQuarantine(options.quarantine),
    confirm,
    retry: resolveBackoff('retry', options.retry, 200, 5_000),
    repair: resolveBackoff('repair', options.repair, 1_000, 60_000),
    reconcileMs: checkMs('reconcileMs', options.reconcileMs ?? 60_000, 1),
    inspect: checkInspector(options.inspect),
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
