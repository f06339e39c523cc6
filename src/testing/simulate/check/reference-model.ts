import type { Clock } from '../../../api/clock.ts'
import { toPlain } from '../../../model/data/plain.ts'
import type { TransactionRecord } from '../../../model/record.ts'

/** One generation as the simulation sees it from outside: the applier made it, and these calls were made on it. */
export interface SeenGeneration {
  readonly id: number
  readonly module: string
  readonly slice: unknown
  readonly instance: unknown
  /** How many files had been rotated when its prepare began. */
  readonly rotation: number
  /** The instances that its prepare was given. */
  readonly needs: Readonly<Record<string, unknown>>
  /** The prepare that has made it. */
  readonly prepared: Prepared
  closes: number
  /** When its close succeeded, in milliseconds of elapsed time. */
  closedAt: number | undefined
}

/** What a generation is made of, and when. */
export interface Prepared extends Pick<SeenGeneration, 'slice' | 'rotation' | 'needs'> {
  readonly clock: Clock
  /** How many timers of this clock are armed. */
  readonly pendingTimers: () => number
  /** How often a clean-up that it has registered has run. */
  cleanups: number
}

/** A prepare that has made nothing, and how often a clean-up that it has registered has run. */
export interface FailedPrepare {
  readonly module: string
  /** In milliseconds of elapsed time. */
  readonly failedAt: number
  readonly cleanups: number
}

/** One module: what it depends on, and what it must serve according to its own calls. */
export interface SeenModule {
  readonly name: string
  readonly select: (config: unknown) => unknown
  readonly isCompensating: boolean
  /** The names of all modules on which it depends, directly or not. */
  readonly dependencies: ReadonlySet<string>
  readonly needs: readonly string[]
  serving: SeenGeneration | undefined
  /** The slice that a compensating module applied last; unknown if a call failed. */
  applied: { readonly slice: unknown; readonly rotation: number } | 'unknown' | undefined
  /** The rotation that a refresh has promised; what serves in the end must not be older. */
  refreshedTo: number
  /** Refreshes that may still prepare it although nothing in its slice has changed. */
  pendingRefreshes: number
  /** How many generations were made. */
  made: number
}

/** The calls since the last terminal record: those of the running transaction. */
class RunningTransaction {
  readonly prepares: string[] = []
  /** Modules whose prepare has not succeeded yet. */
  readonly preparing = new Set<string>()
  /** Modules whose last check has not succeeded. */
  readonly unchecked = new Set<string>()
  readonly commits = new Map<string, SeenGeneration | undefined>()
  applies = 0
  /** When the first module was called, in milliseconds of elapsed time. */
  calledAt: number | undefined
  readonly rollbacks: string[] = []
  /** Modules that have declared a failure permanent. */
  readonly permanentFailures = new Set<string>()
  /** Modules whose rollback failed. */
  readonly rollbackFailures: string[] = []
  /** What each module served before the commit, and must serve again after a rollback. */
  readonly before = new Map<SeenModule, SeenGeneration | undefined>()
}

/**
 * An independent model of one process. It gets every call of every module, and derives from the calls alone what must serve.
 * The invariants compare it with what the reloader says.
 */
export class ReferenceModel {
  readonly modules = new Map<string, SeenModule>()
  readonly generations: SeenGeneration[] = []
  /** Prepares that have ended without a generation. */
  readonly failedPrepares: FailedPrepare[] = []
  running = new RunningTransaction()
  /** The modules that records have named as degraded since the last commit that held. */
  degraded: readonly string[] = []
  isClosing = false
  /** True if changes have been frozen in this process. */
  wasFrozen = false
  /** How many files have been rotated that modules read when they prepare. */
  rotation = 0

  addModule(
    name: string,
    select: (config: unknown) => unknown,
    isCompensating: boolean,
    links: { readonly after?: readonly string[]; readonly needs?: Readonly<Record<string, string>> },
  ): SeenModule {
    const needs = Object.values(links.needs ?? {})
    const dependencies = new Set<string>()
    for (const direct of [...(links.after ?? []), ...needs]) {
      dependencies.add(direct)
      for (const further of this.modules.get(direct)?.dependencies ?? []) dependencies.add(further)
    }
    const calls = { serving: undefined, applied: undefined, refreshedTo: 0, pendingRefreshes: 0, made: 0 }
    const module: SeenModule = { name, select, isCompensating, dependencies, needs, ...calls }
    this.modules.set(name, module)
    return module
  }

  addGeneration(module: SeenModule, prepared: Prepared, instance: unknown): SeenGeneration {
    const id = this.generations.length + 1
    const { slice, rotation, needs } = prepared
    const made = { id, module: module.name, slice, rotation, needs, prepared, instance }
    const generation: SeenGeneration = { ...made, closes: 0, closedAt: undefined }
    module.made += 1
    this.generations.push(generation)
    return generation
  }

  noteFailedPrepare({ name }: SeenModule, prepared: Prepared, failedAt: number): void {
    this.failedPrepares.push({
      module: name,
      failedAt,
      get cleanups() {
        return prepared.cleanups
      },
    })
  }

  /** Makes the generations of this config serve; modules without a slice are switched off. */
  commit(config: unknown): void {
    for (const module of this.modules.values()) {
      if (module.isCompensating) continue
      const next = this.running.commits.get(module.name) ?? module.serving
      this.running.before.set(module, module.serving)
      module.serving = sliceOf(module, config) === undefined ? undefined : next
    }
  }

  /** Makes the generations before the commit serve again. */
  rollBack(): void {
    for (const [module, serving] of this.running.before) module.serving = serving
    this.running.before.clear()
  }

  /** Ends the running transaction with its record. */
  finishTransaction(record: TransactionRecord): void {
    this.running = new RunningTransaction()
    if (record.outcome === 'degraded') this.degraded = [...new Set([...this.degraded, ...record.degraded])]
    else if (record.outcome === 'committed') this.degraded = []
  }

  /** Rotates a file, and returns the modules that a refresh of `name`, or of all, must prepare again. */
  rotate(name: string | undefined): readonly SeenModule[] {
    this.rotation += 1
    const modules = [...this.modules.values()].filter((module) => name === undefined || module.name === name)
    for (const module of modules) module.pendingRefreshes += 1
    return modules
  }

  /** How often modules were called for the running transaction. */
  get calls(): number {
    const { prepares, commits, applies } = this.running
    return prepares.length + commits.size + applies
  }

  dependsOn(module: string, other: string): boolean {
    return this.modules.get(module)?.dependencies.has(other) ?? false
  }
}

/** The rotation that a module has seen; undefined if it is off, or if that cannot be known. */
export const rotationOf = ({ isCompensating, serving, applied }: SeenModule): number | undefined => {
  if (!isCompensating) return serving?.rotation
  return applied === 'unknown' ? undefined : applied?.rotation
}

/**
 * Returns the module's slice of a config, as plain data: a member that is `undefined` counts as absent. If `select` throws,
 * the reloader reports it, and here there is no slice.
 */
export const sliceOf = ({ select }: Pick<SeenModule, 'select'>, config: unknown): unknown => {
  try {
    const slice = select(config)
    return slice === undefined ? undefined : toPlain(slice)
  } catch {
    return undefined
  }
}
