import type { Clock } from '../api/clock.ts'
import type { Deadlines } from '../api/options.ts'
import type { Failure } from '../model/failure.ts'
import type { ModuleDefinition } from '../modules/registry.ts'
import type { ModuleGuards } from './module-guards.ts'

/** What all stages of `apply` need. */
export interface ApplyDeps {
  readonly clock: Clock
  /** For the closes of modules, which have more time than other calls while the reloader closes. */
  readonly closeClock: Clock
  /** How many modules may be called side by side. */
  readonly concurrency: number
  readonly deadlines: DeadlineTable
  readonly guards: ModuleGuards
  /** Hears that a call which was abandoned has ended after all. */
  readonly onSettled: () => void
  /** Logs and counts a failure that belongs to no transaction any more. */
  readonly report: (failure: Failure) => void
}

/** The deadlines of each module: its own, over the reloader's. */
export class DeadlineTable {
  readonly defaults: Required<Deadlines>
  readonly #byModule = new Map<ModuleDefinition, Required<Deadlines>>()

  constructor(defaults: Required<Deadlines>) {
    this.defaults = defaults
  }

  of(module: ModuleDefinition): Required<Deadlines> {
    const known = this.#byModule.get(module)
    if (known !== undefined) return known
    const own = Object.entries(module.deadlines).filter(([, ms]) => ms !== undefined)
    const deadlines = { ...this.defaults, ...Object.fromEntries(own) }
    this.#byModule.set(module, deadlines)
    return deadlines
  }
}
