import type { Holder } from '../api/holding.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from './generation.ts'
import type { Slot } from './slot.ts'

/** The modules as a lease shows them. */
export type Instances = Readonly<Record<string, { readonly current: unknown }>>

/** One whole serving state: a config and the generations that serve it. A lease holds a view, not single generations. */
export class View {
  /** Replaced when the same config comes as another document. */
  snapshot: Snapshot
  readonly #slots: ReadonlyMap<string, Slot>
  // Made at the first lease, while the view serves: a view without leases costs nothing.
  #generations: ReadonlyMap<string, GenerationRecord> | undefined
  #instances: Instances | undefined
  #holds = 0
  /** Those of the holders that have a name. */
  readonly #holders = new Set<Holder>()
  #waiters: (() => void)[] = []

  constructor(snapshot: Snapshot, slots: ReadonlyMap<string, Slot>) {
    this.snapshot = snapshot
    this.#slots = slots
  }

  hold(holder?: Holder): Instances {
    this.#holds += 1
    if (holder !== undefined) this.#holders.add(holder)
    this.#generations ??= new Map(
      [...this.#slots.values()].flatMap(({ name, serving }) => (serving === undefined ? [] : [[name, serving]])),
    )
    this.#instances ??= Object.fromEntries(
      [...this.#slots.keys()].map((name) => [name, { current: this.#generations?.get(name)?.generation.instance }]),
    )
    return this.#instances
  }

  release(holder?: Holder): void {
    this.#holds -= 1
    if (holder !== undefined) this.#holders.delete(holder)
    if (this.#holds > 0) return
    for (const resolve of this.#waiters) resolve()
    this.#waiters = []
  }

  get holds(): number {
    return this.#holds
  }

  get holders(): Iterable<Holder> {
    return this.#holders
  }

  has(record: GenerationRecord): boolean {
    return this.#generations?.get(record.module) === record
  }

  /** Resolves when no lease holds the view. */
  drained(): Promise<void> {
    if (this.#holds === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiters.push(resolve))
  }
}
