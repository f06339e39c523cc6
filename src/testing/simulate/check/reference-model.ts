/** One generation as the simulation has seen it, from outside: what a module's applier made, and what was called on it. */
export interface SeenGeneration {
  readonly id: number
  readonly module: string
  readonly slice: unknown
  /** True where it was made for the transaction that runs. */
  isStaged: boolean
  closes: number
  hasClosed: boolean
}

/** What a module serves by its own calls, and what it depends on. */
export interface SeenModule {
  readonly name: string
  readonly select: (config: unknown) => unknown
  readonly isCompensating: boolean
  /** The names after which it comes, all the way down. */
  readonly before: ReadonlySet<string>
  readonly needs: readonly string[]
  serving: SeenGeneration | undefined
  /** The slice that a compensating module applied last; unknown where a call failed. */
  applied: { readonly slice: unknown } | 'unknown' | undefined
  made: number
}

/** What has been called since the last terminal record: the running transaction. */
interface Running {
  prepares: string[]
  /** Prepares that have not ended well. */
  preparing: Set<string>
  /** Modules whose last check has not ended well. */
  unchecked: Set<string>
  commits: Map<string, SeenGeneration | undefined>
  applies: number
  rollbacks: string[]
  /** Modules whose rollback has failed. */
  rollbackFailures: string[]
  /** What each module served before the tick, and may have to serve again. */
  before: Map<SeenModule, SeenGeneration | undefined>
}

const none = (): Running => ({
  prepares: [],
  preparing: new Set(),
  unchecked: new Set(),
  commits: new Map(),
  applies: 0,
  rollbacks: [],
  rollbackFailures: [],
  before: new Map(),
})

/**
 * The simulation's own account of one process: it hears every call of every module, and knows by that alone what must
 * serve. What the reloader says is held against it.
 */
export class Ledger {
  readonly modules = new Map<string, SeenModule>()
  readonly generations: SeenGeneration[] = []
  running: Running = none()
  /** The modules that the last record has called degraded. */
  degraded: readonly string[] = []
  isClosing = false
  #lastId = 0

  add(
    name: string,
    select: (config: unknown) => unknown,
    isCompensating: boolean,
    links: { readonly after?: readonly string[]; readonly needs?: Readonly<Record<string, string>> },
  ): SeenModule {
    const needs = Object.values(links.needs ?? {})
    const before = new Set<string>()
    for (const direct of [...(links.after ?? []), ...needs]) {
      before.add(direct)
      for (const further of this.modules.get(direct)?.before ?? []) before.add(further)
    }
    const module: SeenModule = {
      name,
      select,
      isCompensating,
      before,
      needs,
      serving: undefined,
      applied: undefined,
      made: 0,
    }
    this.modules.set(name, module)
    return module
  }

  make(module: SeenModule, slice: unknown): SeenGeneration {
    this.#lastId += 1
    const { name } = module
    const generation = { id: this.#lastId, module: name, slice, isStaged: true, closes: 0, hasClosed: false }
    module.made += 1
    this.generations.push(generation)
    return generation
  }

  /** The tick has held: what was committed serves, and what is switched off does not. */
  swap(config: unknown): void {
    for (const module of this.modules.values()) {
      if (module.isCompensating) continue
      const next = this.running.commits.get(module.name) ?? module.serving
      this.running.before.set(module, module.serving)
      module.serving = sliceOf(module, config) === undefined ? undefined : next
    }
  }

  /** The tick back has held: what served before it serves again. */
  rollBack(): void {
    for (const [module, serving] of this.running.before) module.serving = serving
    this.running.before.clear()
  }

  /** The next transaction: what this one called is over. */
  turn(degraded: readonly string[]): void {
    this.running = none()
    this.degraded = degraded
  }

  /** How often modules were called for the running transaction. */
  get calls(): number {
    const { prepares, commits, applies } = this.running
    return prepares.length + commits.size + applies
  }

  dependsOn(module: string, other: string): boolean {
    return this.modules.get(module)?.before.has(other) ?? false
  }
}

/** What the module follows of a config; a select that throws is the user's own affair. */
export const sliceOf = ({ select }: Pick<SeenModule, 'select'>, config: unknown): unknown => {
  try {
    return select(config)
  } catch {
    return undefined
  }
}
