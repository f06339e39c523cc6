import type { GoodStore } from '../../api/good-store.ts'
import type { Good, Journal } from '../persisted-state.ts'
import type { Owner, Processes } from './owner.ts'

/** What another process, or one that has ended, has stored beside this one. */
export interface StoredSlot {
  readonly goods: readonly Good[]
  readonly journal: Journal | undefined
  /** The process that uses it, as far as can be told; undefined if it has ended. */
  readonly owner: Owner | undefined
  /** True if it was taken over: what it holds is this process's to keep. */
  readonly isAdopted: boolean
}

/** What a store of ours can do beyond a user's. */
export interface StoreInternals {
  readonly processes?: Processes
  /** Names everything that two reloaders of one process must not share. */
  readonly keys?: () => readonly string[]
  /** Reads what is stored beside the own entries. With `adopt`, takes over what processes have left that have ended. */
  readonly others?: (adopt: boolean) => Promise<readonly StoredSlot[]>
  /** Removes what was taken over, since it is stored in the own entries now. */
  readonly discardAdopted?: () => Promise<void>
  /** Lets another process take over the own entries. */
  readonly release?: () => Promise<void>
}

const internals = Symbol('changeover.store-internals')

/** Adds abilities to a store that a user's store cannot have. */
export const withInternals = (store: GoodStore, abilities: StoreInternals): GoodStore =>
  Object.assign(store, { [internals]: abilities })

export const internalsOf = (store: GoodStore): StoreInternals => {
  try {
    return (store as { readonly [internals]?: StoreInternals })[internals] ?? {}
  } catch {
    return {} // a user's store whose members throw
  }
}
