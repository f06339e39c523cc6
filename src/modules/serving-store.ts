import { isThenable } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { ModuleDefinition } from './registry.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from './generation.ts'
import { Slot } from './slot.ts'
import { type Instances, View } from './view.ts'

/** One module's part in the tick. */
export interface ModuleSwitch {
  readonly slot: Slot
  readonly from: { readonly serving: GenerationRecord | undefined; readonly slice: unknown }
  readonly to: { readonly serving: GenerationRecord | undefined; readonly slice: unknown }
}

/** A rollback that threw, with the module that may now serve something else. */
export interface RollbackFailure {
  readonly module: string
  readonly failure: Failure
}

export type CommitVerdict =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly failure: Failure; readonly rollbackFailures: readonly RollbackFailure[] }

/** Holds what serves, and changes all of it in one synchronous turn, forward and back. */
export class ServingStore {
  readonly slots = new Map<string, Slot>()
  readonly #held = new Set<View>()
  readonly #show: (config: unknown) => void
  #view: View | undefined

  /** @param show told in the same turn what config serves from now on */
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

  get view(): View | undefined {
    return this.#view
  }

  get snapshot(): Snapshot | undefined {
    return this.#view?.snapshot
  }

  /**
   * The tick. Calls the commits in dependency order, then moves every pointer and last the config. Where a commit
   * throws, all that it touched is swapped back here and now, the thrower included. Nothing else runs in between.
   */
  commit(swaps: readonly ModuleSwitch[], snapshot: Snapshot): CommitVerdict {
    for (const [index, { slot, to }] of swaps.entries()) {
      const thrown = callHook(to.serving, 'commit')
      if (thrown === undefined) continue
      const touched = swaps.slice(0, index + 1)
      return {
        kind: 'failed',
        failure: failure('module.commit-failed', { module: slot.name, phase: 'commit' }, thrown.error),
        rollbackFailures: this.#callRollbacks(touched),
      }
    }
    this.#point(swaps, 'to')
    this.#view = new View(snapshot, this.slots)
    this.#show(snapshot.config)
    return { kind: 'done' }
  }

  /** The tick back, after a commit that held: the same instances as before serve again when it returns. */
  rollBack(swaps: readonly ModuleSwitch[], previous: View | undefined): readonly RollbackFailure[] {
    const rollbackFailures = this.#callRollbacks(swaps)
    this.#point(swaps, 'from')
    this.#view = previous
    this.#show(previous?.snapshot.config)
    return rollbackFailures
  }

  /** The same config came as another document. */
  noteRevision(snapshot: Snapshot): void {
    if (this.#view !== undefined) this.#view.snapshot = snapshot
  }

  #callRollbacks(swaps: readonly ModuleSwitch[]): RollbackFailure[] {
    const rollbackFailures: RollbackFailure[] = []
    for (const { slot, to } of [...swaps].reverse()) {
      const thrown = callHook(to.serving, 'rollback')
      if (thrown === undefined) continue
      const place = { module: slot.name, phase: 'rollback' } as const
      rollbackFailures.push({ module: slot.name, failure: failure('module.rollback-failed', place, thrown.error) })
    }
    return rollbackFailures
  }

  #point(swaps: readonly ModuleSwitch[], side: 'from' | 'to'): void {
    for (const swap of swaps) {
      swap.slot.serving = swap[side].serving
      swap.slot.slice = swap[side].slice
    }
  }

  /** Holds the serving view until `release` is called. */
  lease(view: View): { readonly instances: Instances; readonly release: () => void } {
    const instances = view.hold()
    this.#held.add(view)
    const release = (): void => {
      view.release()
      if (view.holds === 0) this.#held.delete(view)
    }
    return { instances, release }
  }

  /** True where a lease or a use holds the generation. */
  isHeld(record: GenerationRecord): boolean {
    if (record.uses > 0) return true
    for (const view of this.#held) if (view.has(record)) return true
    return false
  }

  /** Resolves when no lease and no use holds the generation, which must not serve any more. */
  async released(record: GenerationRecord): Promise<void> {
    const views = [...this.#held].filter((view) => view.has(record))
    await Promise.all([record.unused(), ...views.map((view) => view.drained())])
  }
}

/** Calls a user's synchronous hook; says what it threw. A promise is a commit that is not finished, so it counts too. */
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
