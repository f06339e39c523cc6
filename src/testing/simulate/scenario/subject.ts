import type { NoModules, Reloader } from '../../../api/reloader.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { Schema } from '../../../model/schema.ts'
import type { ReloaderOptions } from '../../../api/options.ts'
import type { ReloaderStatus } from '../../../api/status.ts'

/** What the users' own invariants look at, whenever the service comes to rest. */
export interface SimulationView<Config> {
  readonly config: Config
  readonly status: ReloaderStatus
  /** The current instance of each module. */
  readonly modules: Readonly<Record<string, unknown>>
  /** The records of this process so far. */
  readonly records: readonly TransactionRecord[]
}

/** What is simulated: a team's own modules and schema. */
export interface Subject<Config> {
  /** Adds the modules, as the service does. Called anew for each process: make the appliers inside. */
  // biome-ignore lint/suspicious/noExplicitAny: whatever the modules are, the simulation needs no type of theirs
  readonly modules: (reloader: Reloader<Config, NoModules>) => Reloader<Config, any>
  readonly schema: Schema<Config>
  /** Options of `createReloader` that the service uses. Source, clock, randomness and store are the simulation's. */
  readonly options?: Partial<
    Pick<ReloaderOptions<Config>, 'public' | 'parse' | 'policies' | 'concurrency' | 'deadlines' | 'maxAttempts'>
  >
  /** What must always hold when the service has come to rest; one that throws is broken. */
  readonly invariants?: Readonly<Record<string, (view: SimulationView<Config>) => void>>
  /** What must be seen at least once in all runs together; else the simulation shows less than it seems to. */
  readonly sometimes?: Readonly<Record<string, (view: SimulationView<Config>) => boolean>>
  /** `virtual` patches the global timers for appliers that use them. Default: only the reloader's clock is virtual. */
  readonly globals?: 'virtual'
  /**
   * A folder into which a history that breaks something is written: as JSON, to be kept as a regression, and as one page of
   * HTML. The error names both. Default: none is written.
   */
  readonly keepIn?: string
}

/** An invariant that was broken: its name (`G8`, `heal`, or the user's) and what was seen. */
export interface Violation {
  readonly invariant: string
  readonly message: string
  /** What was thrown, where an invariant or other code of the user's has thrown it. */
  readonly error?: unknown
}
