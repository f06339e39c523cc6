import type { ReloaderOptions } from '../../../api/options.ts'
import type { NoModules } from '../../../api/modules.ts'
import type { Reloader } from '../../../api/reloader.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { Schema } from '../../../model/schema.ts'

/** What the user's invariants are given when the service has come to rest. */
export interface SimulationView<Config> {
  readonly config: Config
  readonly status: ReloaderStatus
  /** The current instance of each module. */
  readonly modules: Readonly<Record<string, unknown>>
  /** The records of this process so far. */
  readonly records: readonly TransactionRecord[]
}

/** What a simulation plays: the modules and the schema of a service. */
export interface Subject<Config> {
  /** Adds the modules, as the service does. Create the appliers inside: each simulated process calls this again. */
  // biome-ignore lint/suspicious/noExplicitAny: the simulation needs no types of the modules
  readonly modules: (reloader: Reloader<Config, NoModules>) => Reloader<Config, any>
  readonly schema: Schema<Config>
  /** Further options of `createReloader`. The simulation provides source, clock, randomness and store. */
  readonly options?: Partial<
    Pick<ReloaderOptions<Config>, 'public' | 'parse' | 'policies' | 'concurrency' | 'deadlines' | 'maxAttempts'>
  >
  /** Conditions that must hold whenever the service has come to rest. Throw to report a violation. */
  readonly invariants?: Readonly<Record<string, (view: SimulationView<Config>) => void>>
  /** Conditions that must be met at least once in all runs together. If one never is, the simulation is worthless. */
  readonly sometimes?: Readonly<Record<string, (view: SimulationView<Config>) => boolean>>
  /**
   * With `virtual`, the global timers run on virtual time too.
   * @default only the reloader's clock is virtual
   */
  readonly globals?: 'virtual'
  /**
   * Lets processes run side by side, as in a rolling deployment. What `modules` makes must then belong to one process: an
   * invariant that looks at a variable of the subject would see that of the newest.
   * @default false
   */
  readonly overlaps?: boolean
  /**
   * The folder to which a history that breaks an invariant is written, as JSON and as an HTML page. The error names both files.
   * @default no files are written
   */
  readonly keepIn?: string
}

/** A module of a subject, as far as the search for scenarios needs it. */
export interface KnownModule {
  readonly name: string
  readonly isCompensating: boolean
}

/** Lists the modules of a subject. It lets the subject add them to an object that only records the calls of `use`. */
export const modulesOf = <Config>({ modules }: Subject<Config>): readonly KnownModule[] => {
  const known: KnownModule[] = []
  const recorder = {
    use: (name: string, _select: unknown, applier: object) => {
      known.push({ name, isCompensating: 'kind' in applier && applier.kind === 'compensating' })
      return recorder
    },
  }
  modules(recorder as unknown as Reloader<Config, NoModules>)
  return known
}
