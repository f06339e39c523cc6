import { randomBytes } from 'node:crypto'
import { safeRandom } from '../async/backoff.ts'
import { type Clock, systemClock } from '../api/clock.ts'
import { fileStore } from '../persistence/index.ts'
import type { GoodStore } from '../api/good-store.ts'
import { safeLogger } from './safe-logger.ts'
import { isMachineInspector } from '../xstate/inspection.ts'
import type { MachineInspector } from '../api/machine-inspector.ts'
import type { Schema } from '../model/schema.ts'
import { checkCount, checkFunctions, checkMs, invalidOption } from '../model/option-checks.ts'
import type {
  BackoffOptions,
  Deadlines,
  Logger,
  ModuleDeadlines,
  QuarantineOptions,
  ReloaderOptions,
} from '../api/options.ts'
import { type SoakSettings, resolveSoakSettings } from './soak-settings.ts'
import type { Source } from '../api/source.ts'

export type QuarantineSettings = Required<QuarantineOptions>

/** The options with every default filled in. */
export interface Settings extends SoakSettings {
  readonly source: Source
  readonly schema: Schema
  readonly logger: Logger
  readonly public: readonly string[]
  readonly parse: ((text: string) => unknown) | undefined
  readonly policies: readonly ((next: unknown, previous: unknown) => unknown)[]
  readonly maxDocumentBytes: number
  readonly concurrency: number
  readonly deadlines: Required<Deadlines>
  readonly sourceBackoff: Required<BackoffOptions>
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
  'sourceBackoff',
  'repair',
  'reconcileMs',
  'inspect',
  'clock',
  'random',
] satisfies (keyof ReloaderOptions<unknown>)[])

/** Checks the deadlines that a module gives for itself. */
export const checkDeadlines = <D extends ModuleDeadlines>(deadlines: D): D => {
  for (const [name, ms] of Object.entries(deadlines)) {
    if (!Object.hasOwn(defaultDeadlines, name)) throw invalidOption(`deadlines has no ${name}`)
    checkMs(`deadlines.${name}`, ms as number, name === 'graceMs' ? 0 : 1)
  }
  return deadlines
}

const checkInspector = (given: MachineInspector | undefined): MachineInspector | undefined => {
  if (given === undefined || isMachineInspector(given)) return given
  throw invalidOption(
    "inspect takes an XState inspector, a function or an observer with next: an inspector's own inspect",
  )
}

const resolveStore = (given: unknown): GoodStore | undefined => {
  if (given === undefined) return undefined
  if (typeof given === 'string' && given !== '') return fileStore(given)
  const { load, save } = (given ?? {}) as GoodStore
  if (typeof load === 'function' && typeof save === 'function') return given as GoodStore
  throw invalidOption('lastKnownGood takes the path of a file, or a store with load and save')
}

/** Fills in the defaults of a back-off. */
const resolveBackoff = (
  name: string,
  given: BackoffOptions | undefined,
  defaults: Required<BackoffOptions>,
): Required<BackoffOptions> => {
  const minMs = checkMs(`${name}.minMs`, given?.minMs ?? defaults.minMs, 1)
  const maxMs = checkMs(`${name}.maxMs`, given?.maxMs ?? defaults.maxMs, 1)
  if (minMs > maxMs) throw invalidOption(`${name}.minMs must not be above ${name}.maxMs`)
  return { minMs, maxMs }
}

const resolveQuarantine = (given: QuarantineOptions | undefined): QuarantineSettings => {
  const crashMs = checkMs('quarantine.crashMs', given?.crashMs ?? 3_600_000, 1)
  return { ...resolveBackoff('quarantine', given, { minMs: 5_000, maxMs: 600_000 }), crashMs }
}

/** Refuses what is not of the shape that the rest relies on. */
const checkShapes = <Config>(options: ReloaderOptions<Config>): void => {
  if (typeof options?.source?.read !== 'function' || typeof options.source.watch !== 'function') {
    throw invalidOption('source takes a Source: etcdSource(…), fileSource(…)')
  }
  if (typeof options.schema?.['~standard']?.validate !== 'function') {
    throw invalidOption('schema takes a Standard Schema: zod, valibot, arktype')
  }
  for (const name of Object.keys(options)) {
    if (!optionNames.has(name)) throw invalidOption(`there is no option ${name}`)
  }
  if (options.parse !== undefined && typeof options.parse !== 'function') throw invalidOption('parse takes a function')
  const publicPaths: unknown = options.public ?? []
  if (!Array.isArray(publicPaths) || !publicPaths.every((path) => typeof path === 'string' && path !== '')) {
    throw invalidOption('public takes an array of dotted paths')
  }
  const build: unknown = options.build ?? ''
  if (typeof build !== 'string' || build.length > 200)
    throw invalidOption('build takes a string of at most 200 characters')
}

/** Fills in the defaults and refuses what cannot be. */
export const resolveOptions = <Config>(options: ReloaderOptions<Config>): Settings => {
  checkShapes(options)
  const random = safeRandom(options.random)
  const lastKnownGood = resolveStore(options.lastKnownGood)
  return {
    source: options.source,
    schema: options.schema,
    logger: safeLogger(options.logger),
    public: options.public ?? [],
    parse: options.parse,
    policies: checkFunctions('policies', options.policies) as Settings['policies'],
    maxDocumentBytes: checkCount('maxDocumentBytes', options.maxDocumentBytes ?? 1_572_864),
    concurrency: checkCount('concurrency', options.concurrency ?? 8),
    deadlines: { ...defaultDeadlines, ...checkDeadlines(options.deadlines ?? {}) },
    ...resolveSoakSettings(
      options as Parameters<typeof resolveSoakSettings>[0],
      lastKnownGood === undefined ? 0 : 10_000,
    ),
    lastKnownGood,
    build: options.build ?? '',
    maxAttempts: checkCount('maxAttempts', options.maxAttempts ?? 3),
    quarantine: resolveQuarantine(options.quarantine),
    sourceBackoff: resolveBackoff('sourceBackoff', options.sourceBackoff, { minMs: 200, maxMs: 5_000 }),
    repair: resolveBackoff('repair', options.repair, { minMs: 1_000, maxMs: 60_000 }),
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
