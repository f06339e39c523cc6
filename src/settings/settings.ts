import { systemClock } from '../api/clock.ts'
import type { GoodStore } from '../api/good-store.ts'
import type { ServiceIdentity } from '../api/internal/inspected.ts'
import type { MachineInspector } from '../api/machine-inspector.ts'
import type {
  BackoffOptions,
  Deadlines,
  Logger,
  ModuleDeadlines,
  QuarantineOptions,
  ReloaderOptions,
} from '../api/options.ts'
import type { SecretProvider } from '../api/secret-provider.ts'
import { safeRandom } from '../async/backoff.ts'
import { ignoreRejection } from '../async/thenable.ts'
import { crypto } from '../model/data/digest.ts'
import { checkFunctions, invalidOption } from '../model/option-checks.ts'
import { fileStore } from '../persistence/file-store.ts'
import { isMachineInspector } from '../xstate/inspection.ts'
import { resolveDiagnostics, withOriginals } from './diagnostics.ts'
import { backoffOf, checkNames, checkNumbers, numbersOf } from './option-values.ts'
import { resolveSecrets } from './secret-settings.ts'
import { type PathSettings, resolvePathSettings } from './path-settings.ts'
import { resolveService } from './service-identity.ts'
import { resolveSoakSettings, type SoakSettings } from './soak-settings.ts'

type Options = ReloaderOptions<unknown>

/** The options that take another shape once they are resolved, beside the soak and its confirmation. */
interface ResolvedOptions extends SoakSettings, PathSettings {
  readonly service: ServiceIdentity
  readonly parse: ((text: string) => unknown) | undefined
  readonly policies: readonly ((next: unknown, previous: unknown) => unknown)[]
  readonly deadlines: Required<Deadlines>
  readonly sourceBackoff: Required<BackoffOptions>
  readonly repair: Required<BackoffOptions>
  readonly quarantine: Required<QuarantineOptions>
  readonly lastKnownGood: GoodStore | undefined
  readonly secrets: ReadonlyMap<string, SecretProvider> | undefined
  readonly inspect: MachineInspector | undefined
  /** True if the logger gets the original errors. */
  readonly diagnostics: boolean
}

/** The options, checked and with every default filled in. */
export interface Settings extends Required<Omit<Options, keyof ResolvedOptions>>, ResolvedOptions {
  /** The key of all digests, unless an earlier run has kept one. */
  readonly digestKey: string
  /** Begins the ids of this reloader's transactions. */
  readonly idPrefix: string
}

/** Checks the options and fills in their defaults. */
export const resolveOptions = <Config>(options: ReloaderOptions<Config>): Settings => {
  checkShapes(options)
  const { source, schema, logger, parse, build = '', clock = systemClock } = options
  const random = safeRandom(options.random)
  const diagnostics = resolveDiagnostics(options.diagnostics)
  return {
    ...(numbersOf(options) as Pick<Settings, 'maxDocumentBytes' | 'concurrency' | 'maxAttempts' | 'reconcileMs'>),
    ...resolveSoakSettings(options as Parameters<typeof resolveSoakSettings>[0]),
    source,
    schema,
    logger: diagnostics ? withOriginals(safeLogger(logger)) : safeLogger(logger),
    diagnostics,
    ...resolvePathSettings(options as Parameters<typeof resolvePathSettings>[0]),
    parse,
    policies: checkFunctions('policies', options.policies) as Settings['policies'],
    deadlines: numbersOf(options.deadlines ?? {}, 'deadlines') as unknown as Required<Deadlines>,
    lastKnownGood: resolveStore(options.lastKnownGood),
    secrets: resolveSecrets(options.secrets),
    build,
    service: resolveService(options.service, build, clock),
    quarantine: backoffOf(options.quarantine, 'quarantine'),
    sourceBackoff: backoffOf(options.sourceBackoff, 'sourceBackoff'),
    repair: backoffOf(options.repair, 'repair'),
    inspect: checkInspector(options.inspect),
    clock,
    random,
    idPrefix: tokenOf(random),
    // Not to be guessed, except in a simulation, which must repeat itself.
    digestKey: options.random === undefined ? crypto().randomBytes(16).toString('hex') : String(random()),
  }
}

/** Checks the deadlines that a module sets for itself. */
export const checkDeadlines = (deadlines: ModuleDeadlines): ModuleDeadlines => checkNumbers(deadlines, 'deadlines')

/** Refuses what does not have the shape that the rest relies on. */
const checkShapes = <Config>(options: ReloaderOptions<Config>): void => {
  if (typeof options?.source?.read !== 'function' || typeof options.source.watch !== 'function') {
    throw invalidOption('source must be a Source: etcdSource(…), fileSource(…)')
  }
  if (typeof options.schema?.['~standard']?.validate !== 'function') {
    throw invalidOption('schema must be a Standard Schema: zod, valibot, arktype')
  }
  checkNames(options)
  const { parse, build = '' } = options as Options
  if (parse !== undefined && typeof parse !== 'function') throw invalidOption('parse must be a function')
  if (typeof build !== 'string' || build.length > 200) {
    throw invalidOption('build must be a string of at most 200 characters')
  }
}

const checkInspector = (given: MachineInspector | undefined): MachineInspector | undefined => {
  if (given === undefined || isMachineInspector(given)) return given
  throw invalidOption(
    'inspect must be a function or an observer with `next`, such as the `inspect` of an XState inspector',
  )
}

const resolveStore = (given: unknown): GoodStore | undefined => {
  if (given === undefined) return undefined
  if (typeof given === 'string' && given !== '') return fileStore(given)
  const { load, save } = (given ?? {}) as GoodStore
  if (typeof load === 'function' && typeof save === 'function') return given as GoodStore
  throw invalidOption('lastKnownGood must be the path of a file, or a store with load and save')
}

/** Eight characters that make ids unique across restarts. */
const tokenOf = (random: () => number): string =>
  Math.floor(random() * 36 ** 8)
    .toString(36)
    .padStart(8, '0')

const noop = (): void => {}
const silent: Logger = { debug: noop, info: noop, warn: noop, error: noop }

/** Guards the user's logger, so that one that throws or rejects changes nothing. */
const safeLogger = (logger: Logger | undefined): Logger => {
  if (logger === undefined) return silent
  const guard =
    (level: keyof Logger) =>
    (data: object, message: string): void => {
      try {
        ignoreRejection(logger[level](data, message))
      } catch {
        // There is nowhere left to report it.
      }
    }
  return { debug: guard('debug'), info: guard('info'), warn: guard('warn'), error: guard('error') }
}
