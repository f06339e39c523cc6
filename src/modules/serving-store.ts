import type { Hold, Holder } from '../api/internal/holding.ts'
import { isThenable } from '../async/thenable.ts'
import { changeoverError, type Failure, failure } from '../model/failure.ts'
import type { ModuleDefinition } from './registry.ts'
import type { PhaseTiming } from '../model/record.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from './generation.ts'
import { Slot } from './slot.ts'
import { View, type ViewStore } from './view.ts'

/** What a commit needs of a planned module. */
interface NextSlice {
  readonly slot: Slot
  /** The slice that it is to serve; undefined switches the module off. */
  readonly next: unknown
}

/** What is to serve: a validated and prepared transaction. */
export interface NextState {
  readonly snapshot: Snapshot | undefined
  readonly plan: ReadonlyMap<string, NextSlice>
  readonly staged: ReadonlyMap<string, GenerationRecord>
}

interface Serving {
  readonly serving: GenerationRecord | undefined
  readonly slice: unknown
}

/** One module's part in a commit. */
interface ModuleSwitch {
  readonly slot: Slot
  readonly from: Serving
  readonly to: Serving
}

/** A commit that has been made, with all that a rollback needs. */
export interface Commit {
  readonly switches: readonly ModuleSwitch[]
  readonly previous: View | undefined
}

/** A rollback that threw, with the module that may now serve something else. */
export interface RollbackFailure {
  readonly module: string
  readonly failure: Failure
}

export type CommitResult =
  | { readonly kind: 'done'; readonly commit: Commit }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly rollbackFailures: readonly RollbackFailure[] }

/** Holds what serves, and changes all of it in one synchronous turn, forward and back. */
export class ServingStore implements ViewStore {
  readonly slots = new Map<string, Slot>()
  /** What served before and is still held. */
  readonly #held = new Set<View>()
  readonly #show: (config: unknown) => void
  #view: View | undefined

  /** @param show called in the same turn with the config that serves from now on */
  constructor(show: (config: unknown) => void = () => {}) {
    this.#show = show
  }

  add(definition: ModuleDefinition): Slot {
    const slot = new Slot(definition)
    this.slots.set(definition.name, slot)
    return slot
  }

  slot(name: string): Slot {
    const slot = this.slots.get(name)
    if (slot === undefined) throw new Error(`There is no module "${name}"`)
    return slot
  }

  /** How long the last close of each module took. */
  readonly lastCloses = (): ReadonlyMap<string, PhaseTiming> =>
    new Map(Array.from(this.slots.values()).flatMap(({ name, lastClose }) => (lastClose ? [[name, lastClose]] : [])))

  readonly noteReleased = (view: View): void => {
    this.#held.delete(view)
  }

  get view(): View | undefined {
    return this.#view
  }

  get snapshot(): Snapshot | undefined {
    return this.#view?.snapshot
  }

  /**
   * Makes a snapshot live. Calls the `commit`s in dependency order, then moves every pointer and last the config. If a
   * commit throws, all that were called are rolled back at once, in reverse. Nothing else runs in between.
   */
  commit({ snapshot, plan, staged }: NextState): CommitResult {
    if (snapshot === undefined) throw new Error('A commit before a snapshot')
    const switches = [...plan.values()].map(
      ({ slot, next }): ModuleSwitch => ({
        slot,
        from: { serving: slot.serving, slice: slot.slice },
        to: { serving: next === undefined ? undefined : staged.get(slot.name), slice: next },
      }),
    )
    for (const [index, { slot, to }] of switches.entries()) {
      const thrown = callHook(to.serving, 'commit')
      if (thrown === undefined) continue
      return {
        kind: 'failed',
        failure: failure('module.commit-failed', { module: slot.name, phase: 'commit' }, thrown.error),
        rollbackFailures: this.#callRollbacks(switches.slice(0, index + 1)),
      }
    }
    const commit = { switches, previous: this.#view }
    this.#point(switches, 'to')
    this.#serve(new View(snapshot, this.slots, this))
    return { kind: 'done', commit }
  }

  /** Takes a commit back in one synchronous turn: the same instances as before serve again when it returns. */
  rollBack({ switches, previous }: Commit): readonly RollbackFailure[] {
    const rollbackFailures = this.#callRollbacks(switches)
    this.#point(switches, 'from')
    this.#serve(previous)
    return rollbackFailures
  }

  #serve(view: View | undefined): void {
    const previous = this.#view
    this.#view = view
    if (previous !== undefined && previous.holds > 0) this.#held.add(previous)
    if (view !== undefined) this.#held.delete(view)
    this.#show(view?.snapshot.config)
  }

  /** The same config came as another document. */
  noteRevision(snapshot: Snapshot): void {
    if (this.#view !== undefined) this.#view.snapshot = snapshot
  }

  #callRollbacks(switches: readonly ModuleSwitch[]): RollbackFailure[] {
    const rollbackFailures: RollbackFailure[] = []
    for (const { slot, to } of [...switches].reverse()) {
      const thrown = callHook(to.serving, 'rollback')
      if (thrown === undefined) continue
      const place = { module: slot.name, phase: 'rollback' } as const
      rollbackFailures.push({ module: slot.name, failure: failure('module.rollback-failed', place, thrown.error) })
    }
    return rollbackFailures
  }

  #point(switches: readonly ModuleSwitch[], side: 'from' | 'to'): void {
    for (const one of switches) {
      one.slot.serving = one[side].serving
      one.slot.slice = one[side].slice
    }
  }

  /**
   * Holds what serves until `release` is called.
   *
   * @throws ChangeoverError `reloader.not-started`
   */
  hold(holder?: Holder): Hold {
    if (this.#view === undefined) throw changeoverError('reloader.not-started')
    return this.#view.hold(holder)
  }

  /** How many leases hold what serves and what served before, and the routes that hold the latter. */
  leases(): { readonly serving: number; readonly replaced: number; readonly routes: readonly string[] } {
    const replaced = [...this.#held]
    const routes = replaced.flatMap((view) => view.holders.flatMap(({ route }) => route ?? []))
    return {
      serving: this.#view?.holds ?? 0,
      replaced: replaced.reduce((sum, { holds }) => sum + holds, 0),
      routes: [...new Set(routes)].sort(),
    }
  }

  /** True if a lease or a `use` holds the generation. */
  isHeld(record: GenerationRecord): boolean {
    if (record.uses > 0 || (this.#view !== undefined && this.#view.holds > 0 && this.#view.has(record))) return true
    for (const view of this.#held) if (view.has(record)) return true
    return false
  }

  /** The routes whose requests hold the generation, each once. */
  routesHolding(record: GenerationRecord): readonly string[] {
    const routes = this.#holding(record).flatMap((view) => [...view.holders].flatMap(({ route }) => route ?? []))
    return [...new Set(routes)].sort()
  }

  /** Resolves when no lease and no `use` holds the generation, which must no longer serve. */
  async released(record: GenerationRecord): Promise<void> {
    await Promise.all([record.unused(), ...this.#holding(record).map((view) => view.drained())])
  }

  #holding(record: GenerationRecord): readonly View[] {
    const serving = this.#view === undefined || this.#view.holds === 0 ? [] : [this.#view]
    return [...serving, ...this.#held].filter((view) => view.has(record))
  }
}

/** Calls a synchronous hook of the user's and returns what it threw. A promise is a hook that has not finished: a failure too. */
const callHook = (
  record: GenerationRecord | undefined,
  hook: 'commit' | 'rollback',
): { readonly error: unknown } | undefined => {
  try {
    const returned: unknown = record?.generation[hook]?.()
    if (!isThenable(returned)) return undefined
    Promise.resolve(returned).catch(() => {})
    return { error: new TypeError('A commit or rollback must be synchronous; this one returned a promise') }
  } catch (error) {
    return { error }
  }
}
