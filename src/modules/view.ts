import type { Hold, Holder } from '../api/internal/holding.ts'
import type { LeasedView } from '../api/modules.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from './generation.ts'
import type { Slot } from './slot.ts'

/** What a view needs of the store that it belongs to. */
export interface ViewStore {
  readonly view: View | undefined
  /** Called after the last hold of a view that no longer serves. */
  readonly noteReleased: (view: View) => void
}

/**
 * One hold of a view. Those of a view form a linked list: the old tables of a `Set` would keep requests alive that have
 * ended. It is the one object that a request costs here (bench: pinned).
 */
class ViewHold implements Hold {
  readonly holder: Holder | undefined
  previous: ViewHold | undefined
  next: ViewHold | undefined
  readonly #held: View

  constructor(held: View, holder: Holder | undefined, next: ViewHold | undefined) {
    this.#held = held
    this.holder = holder
    this.next = next
  }

  get view(): LeasedView<object, object> {
    return this.#held.shown
  }

  isServing(): boolean {
    return this.#held.isServing
  }

  release(): void {
    this.#held.release(this)
  }
}

/** One whole serving state: a config and the generations that serve it. A lease holds a view, not single generations. */
export class View {
  /** Replaced when the same config comes as another document. */
  snapshot: Snapshot
  readonly #slots: ReadonlyMap<string, Slot>
  readonly #store: ViewStore
  // Both are made at the first lease, while the view serves: a view without leases costs nothing.
  #generations: ReadonlyMap<string, GenerationRecord> | undefined
  #shown: LeasedView<object, object> | undefined
  #holds = 0
  #first: ViewHold | undefined
  #waiters: (() => void)[] = []

  constructor(snapshot: Snapshot, slots: ReadonlyMap<string, Slot>, store: ViewStore) {
    this.snapshot = snapshot
    this.#slots = slots
    this.#store = store
  }

  get isServing(): boolean {
    return this.#store.view === this
  }

  hold(holder: Holder | undefined): Hold {
    this.#generations ??= new Map(
      [...this.#slots.values()].flatMap(({ name, serving }) => (serving === undefined ? [] : [[name, serving]])),
    )
    const hold = new ViewHold(this, holder, this.#first)
    if (this.#first !== undefined) this.#first.previous = hold
    this.#first = hold
    this.#holds += 1
    return hold
  }

  /** What a lease shows: the same object for all of them. */
  get shown(): LeasedView<object, object> {
    const config = this.snapshot.config as object
    if (this.#shown?.config === config) return this.#shown
    const modules =
      this.#shown?.modules ??
      Object.fromEntries(
        [...this.#slots.keys()].map((name) => [name, { current: this.#generations?.get(name)?.generation.instance }]),
      )
    this.#shown = Object.freeze({ config, modules })
    return this.#shown
  }

  release(hold: ViewHold): void {
    const { previous, next } = hold
    if (previous === undefined) this.#first = next
    else previous.next = next
    if (next !== undefined) next.previous = previous
    hold.previous = undefined
    hold.next = undefined
    this.#holds -= 1
    if (this.#holds > 0) return
    if (!this.isServing) this.#store.noteReleased(this)
    if (this.#waiters.length === 0) return
    for (const resolve of this.#waiters) resolve()
    this.#waiters = []
  }

  get holds(): number {
    return this.#holds
  }

  get holders(): readonly Holder[] {
    const holders: Holder[] = []
    for (let hold = this.#first; hold !== undefined; hold = hold.next) {
      if (hold.holder !== undefined) holders.push(hold.holder)
    }
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
