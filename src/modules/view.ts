import type { Holder } from '../api/internal/holding.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from './generation.ts'
import type { Slot } from './slot.ts'

/** The modules as a lease shows them. */
export type Instances = Readonly<Record<string, { readonly current: unknown }>>

/** A holder in a linked list: the old tables of a `Set` would keep requests alive that have ended (bench: pinned). */
interface HolderEntry {
  readonly holder: Holder
  previous: HolderEntry | undefined
  next: HolderEntry | undefined
}

/** One whole serving state: a config and the generations that serve it. A lease holds a view, not single generations. */
export class View {
  /** Replaced when the same config comes as another document. */
  snapshot: Snapshot
  readonly #slots: ReadonlyMap<string, Slot>
  // Made at the first lease, while the view serves: a view without leases costs nothing.
  #generations: ReadonlyMap<string, GenerationRecord> | undefined
  #instances: Instances | undefined
  #holds = 0
  #firstHolder: HolderEntry | undefined
  #waiters: (() => void)[] = []

  constructor(snapshot: Snapshot, slots: ReadonlyMap<string, Slot>) {
    this.snapshot = snapshot
    this.#slots = slots
  }

  hold(): Instances {
    this.#holds += 1
    this.#generations ??= new Map(
      [...this.#slots.values()].flatMap(({ name, serving }) => (serving === undefined ? [] : [[name, serving]])),
    )
    this.#instances ??= Object.fromEntries(
      [...this.#slots.keys()].map((name) => [name, { current: this.#generations?.get(name)?.generation.instance }]),
    )
    return this.#instances
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds > 0) return
    for (const resolve of this.#waiters) resolve()
    this.#waiters = []
  }

  get holds(): number {
    return this.#holds
  }

  /** Notes who holds the view. Call `forget` with what it returns. */
  note(holder: Holder): HolderEntry {
    const entry: HolderEntry = { holder, previous: undefined, next: this.#firstHolder }
    if (this.#firstHolder !== undefined) this.#firstHolder.previous = entry
    this.#firstHolder = entry
    return entry
  }

  forget(entry: HolderEntry): void {
    const { previous, next } = entry
    if (previous === undefined) this.#firstHolder = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    entry.previous = undefined
    entry.next = undefined
  }

  get holders(): readonly Holder[] {
    const holders: Holder[] = []
    for (let entry = this.#firstHolder; entry !== undefined; entry = entry.next) holders.push(entry.holder)
    return holders
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
