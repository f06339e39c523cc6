import type { ConfigPath, DeepReadonly, Schema } from '../model/schema.ts'
import type { Clock } from './clock.ts'
import type { GoodStore } from './good-store.ts'
import type { MachineInspector } from './machine-inspector.ts'
import type { ReadSecret, SecretProvider } from './secret-provider.ts'
import type { Source } from './source.ts'

/** A logger: pino, or any object with these four methods. */
export interface Logger {
  readonly debug: (data: object, message: string) => void
  readonly info: (data: object, message: string) => void
  readonly warn: (data: object, message: string) => void
  readonly error: (data: object, message: string) => void
}

/** Deadlines of one module's phases, in milliseconds. */
export interface ModuleDeadlines {
  /** For opening connections and warming caches. A slow start is not an error. @default 30000 */
  readonly prepareMs?: number
  /** For a compensating module's `apply`, and for its undo. @default 30000 */
  readonly applyMs?: number
  /** For one call of a check during the soak. @default 5000 */
  readonly checkMs?: number
  /** For closing a generation, which is reported as a leak afterwards. @default 30000 */
  readonly closeMs?: number
  /** For a call to end after its signal has aborted; then it is abandoned. @default 1000 */
  readonly graceMs?: number
}

/** All deadlines, in milliseconds. */
export interface Deadlines extends ModuleDeadlines {
  /** For one read of the source. @default 5000 */
  readonly readMs?: number
  /** For an asynchronous schema. @default 5000 */
  readonly validateMs?: number
  /** For reading all secrets of one document. @default 5000 */
  readonly secretMs?: number
  /** For one read or write of the last known good. @default 5000 */
  readonly persistMs?: number
  /** For leases that keep a replaced generation open. @default 30000 */
  readonly leaseMs?: number
}

/** The time after the commit in which a failed check rolls everything back. */
export interface SoakOptions<Config> {
  /** How long the soak lasts, in milliseconds. 0 turns it off. */
  readonly durationMs: number
  /** The time between two rounds of checks, in milliseconds. @default a tenth of the duration, from 100 to 5000 */
  readonly intervalMs?: number
  /** Failed rounds in a row that fail the soak. @default 1 */
  readonly failureThreshold?: number
  /** Health checks of the service, in addition to the `check` of each module. Throw or reject to fail. @default none */
  readonly checks?: readonly ((config: DeepReadonly<Config>, signal: AbortSignal) => Promise<void> | void)[]
  /**
   * What a newer document does during the soak: it waits for the end, or it rolls the change back and is applied at
   * once. A wait for a confirmation is always ended. @default 'wait'
   */
  readonly onNewer?: 'wait' | 'supersede'
}

/** Capped exponential back-off with jitter, in milliseconds. */
export interface BackoffOptions {
  /** The first delay. */
  readonly minMs?: number
  /** The longest delay. */
  readonly maxMs?: number
}

/**
 * How long a config that failed is quarantined before it is tried again by itself, in milliseconds. Only a commit that
 * threw, a change that was not confirmed, and a failure that a module declared `permanent` have no expiry.
 */
export interface QuarantineOptions extends BackoffOptions {
  /** The expiry after the first failure. It doubles with each failure, with jitter. @default 5000 */
  readonly minMs?: number
  /** The longest expiry; at most 60,000 after a failure before the commit, which touched nothing that serves. @default 600000 */
  readonly maxMs?: number
  /** The expiry of a config that has killed the process `maxAttempts` times. @default 3600000 */
  readonly crashMs?: number
}

/** The confirmation by a person or another system that a change needs in addition to its soak. */
export interface ConfirmOptions {
  /** The time from the commit after which the change is rolled back, in milliseconds. At least as long as the soak. */
  readonly withinMs: number
}

/**
 * What happens to a change that needs a restart. `warn`: it is applied, and reported as pending. `hold`: its document waits,
 * and what serves goes on; the next start applies it. `refuse`: its document is rejected.
 */
export type RestartPolicy = 'warn' | 'hold' | 'refuse'

/** The paths whose change needs a restart, and what happens to such a change. */
export interface RestartOptions<Config> {
  /** The paths, each with everything below it. */
  readonly paths: readonly ConfigPath<Config>[]
  /** What happens to such a change. @default 'warn' */
  readonly policy?: RestartPolicy
}

/** How the service is named on the inspector's page. Each is a text of at most 200 characters that everyone may read. */
export interface ServiceOptions {
  /** The name of the service. @default the npm package whose script runs, or the name of the main file */
  readonly name?: string
  /** The version of the program. @default the version of the npm package whose script runs */
  readonly version?: string
  /** The machine that it runs on. @default the host name, which is the pod's name on Kubernetes */
  readonly host?: string
}

/** Diagnostics for development: see {@link ReloaderOptions.diagnostics}. */
export interface FullDiagnostics {
  readonly level: 'full'
  /** Allows them with `NODE_ENV=production` too. @default false */
  readonly inProduction?: boolean
}

/** The options of `createReloader`. The option table has their defaults and checks. */
export interface ReloaderOptions<Config> {
  /** Where the document comes from. The reloader closes the source. */
  readonly source: Source
  /** Any Standard Schema: zod, valibot, arktype. Let it reject unknown keys (`z.strictObject`). */
  readonly schema: Schema<Config>
  /** Receives one line for each transaction and each failure. @default nothing is logged */
  readonly logger?: Logger
  /**
   * `'full'` adds the original messages and stacks of errors to the lines of `logger`, and to nothing else. They may hold
   * passwords and other config values, so this is for development: it is reported at the start, and refused with
   * `NODE_ENV=production` unless `inProduction` allows it. @default 'redacted'
   */
  readonly diagnostics?: 'redacted' | 'full' | FullDiagnostics
  /**
   * Paths whose values may be shown in logs, records and diffs, with everything below them. All other values are secret.
   * @default none
   */
  readonly public?: readonly ConfigPath<Config>[]
  /**
   * Paths that the service reads from `reloader.config` whenever it needs them, with everything below them: a change takes
   * effect without a module. @default none
   */
  readonly live?: readonly ConfigPath<Config>[]
  /**
   * Paths whose values are read once, when the process starts, such as the port of a server. A change is named in the record
   * and in `status().restartPending`; with the policy `hold` or `refuse` it is not applied. @default none
   */
  readonly restart?: readonly ConfigPath<Config>[] | RestartOptions<Config>
  /** Parses the document's text. Throw to reject the document. @default strict JSON without duplicate keys */
  readonly parse?: (text: string) => unknown
  /**
   * The providers of secrets, by the names that references use: `{ "$secret": "file:db-password" }` in the document stands
   * for the secret `db-password` of the provider `file`. A provider is a function that reads a secret by its name, or an
   * object that also says when one has changed. The document is stored and shown with its references only.
   * @default `$secret` has no meaning
   */
  readonly secrets?: Readonly<Record<string, SecretProvider | ReadSecret>>
  /** Called for each change. Throw to reject it. `previous` is undefined for the first config. @default none */
  readonly policies?: readonly ((
    next: DeepReadonly<Config>,
    previous: DeepReadonly<Config> | undefined,
  ) => undefined | void)[]
  /** The largest document, in bytes of UTF-8. The default is etcd's own limit. @default 1572864 */
  readonly maxDocumentBytes?: number
  /** How many modules are prepared at the same time. @default 8 */
  readonly concurrency?: number
  /** How long each call of user code may take. */
  readonly deadlines?: Deadlines
  /**
   * How long the checks must pass after the commit: milliseconds, or the options of the soak.
   * @default 0, no soak; 10000 with `lastKnownGood`
   */
  readonly soak?: number | SoakOptions<Config>
  /**
   * Where the good history and the journal are stored across restarts: the path of a file, next to which the others are
   * written, or a store of your own. They hold whole documents, so the files are readable by their owner only. Several
   * processes may share a path, but not two reloaders of one process.
   * @default nothing is stored
   */
  readonly lastKnownGood?: string | GoodStore
  /** The version of the program. A config that crashed one build is tried again by the next. @default none */
  readonly build?: string
  /** Says which service this is, on the inspector's page. The process id, the start time and `build` are beside it. */
  readonly service?: ServiceOptions
  /** Crashes in a row after which a config is quarantined across restarts; only with `lastKnownGood`. @default 3 */
  readonly maxAttempts?: number
  /** How long a config that failed while it was applied waits before it is tried again. */
  readonly quarantine?: QuarantineOptions
  /** Rolls a change back unless `confirm` is called. @default no confirmation is needed */
  readonly confirm?: ConfirmOptions
  /** The back-off between reads of an unreachable source. @default 200 to 5000 */
  readonly sourceBackoff?: BackoffOptions
  /** The back-off between repairs of degraded modules. @default 1000 to 60000 */
  readonly repair?: BackoffOptions
  /** How often a silent watch is verified by a read, in milliseconds, ± 10 % jitter. @default 60000 */
  readonly reconcileMs?: number
  /**
   * An XState v5 inspector. It receives the events of the machines as copies without config values. What it throws is
   * reported once for each machine, and changes nothing. @default none
   */
  readonly inspect?: MachineInspector
  /** The source of time and timers; for tests and simulations. @default the system clock */
  readonly clock?: Clock
  /** Returns numbers from 0 to below 1, for jitter and ids; for simulations. @default Math.random */
  readonly random?: () => number
}
