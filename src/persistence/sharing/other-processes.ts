import type { Clock } from '../../api/clock.ts'
import type { GoodStore } from '../../api/good-store.ts'
import { withDeadline } from '../../async/deadline.ts'
import { type Failure, failure } from '../../model/failure.ts'
import { type Owner, type Processes, systemProcesses } from './owner.ts'
import { internalsOf, type StoredSlot, type StoreInternals } from './store-internals.ts'
import { takeStore } from './stores-in-use.ts'

interface OtherProcessesOptions {
  readonly clock: Clock
  /** How long one call of the store may take, in milliseconds. */
  readonly deadlineMs: number
  readonly report: (failed: Failure) => void
}

/**
 * Who else uses the store of a reloader: no other reloader of this process, but maybe other processes. Failures are no
 * loss here, since the next start tries again: what was not merged or removed is still there.
 */
export class OtherProcesses {
  readonly processes: Processes
  readonly #store: GoodStore
  readonly #internals: StoreInternals
  readonly #options: OtherProcessesOptions
  #isReported = false
  #vacate: () => void = () => {}

  constructor(store: GoodStore, options: OtherProcessesOptions) {
    this.#store = store
    this.#internals = internalsOf(store)
    this.processes = this.#internals.processes ?? systemProcesses()
    this.#options = options
  }

  /** True if the store has a place for each process. A user's store has one journal for all. */
  get hasSlots(): boolean {
    return this.#internals.others !== undefined
  }

  /**
   * Keeps other reloaders of this process away from the store, until it is released.
   *
   * @throws ChangeoverError `persistence.in-use` if one uses it
   */
  occupy(): void {
    this.#vacate = takeStore([this.#store, ...(this.#internals.keys?.() ?? [])], this.processes.self.instance)
  }

  /** Reads what they have stored. With `adopt`, takes over what those have left that have ended. */
  async load({ adopt }: { readonly adopt: boolean }): Promise<readonly StoredSlot[]> {
    const { others } = this.#internals
    if (others === undefined) return []
    const found = (await this.#call(() => others(adopt))) ?? []
    const owner = found.find((slot) => slot.owner !== undefined)?.owner
    if (owner !== undefined) this.report(owner)
    return found
  }

  /** Finds the highest sequence of a good that another process has stored; 0 if there is none. */
  async highestSequence(): Promise<number> {
    const others = await this.load({ adopt: false })
    return Math.max(0, ...others.flatMap(({ goods }) => goods.map(({ sequence }) => sequence)))
  }

  /** Removes what was taken over. Call it when that is stored in the own entries. */
  async discardAdopted(): Promise<void> {
    await this.#call(() => this.#internals.discardAdopted?.())
  }

  /** Says once that another process uses the store. */
  report({ host, pid }: Owner): void {
    if (this.#isReported) return
    this.#isReported = true
    const isHere = host === this.processes.self.host
    const detail = isHere ? `process ${pid}` : 'of another host or another user'
    this.#options.report(failure('persistence.shared', { phase: 'persist', detail }))
  }

  /** Lets other reloaders and processes use the store. */
  async release(): Promise<void> {
    await this.#call(() => this.#internals.release?.())
    this.#vacate()
  }

  async #call<T>(body: () => Promise<T> | undefined): Promise<T | undefined> {
    const { clock, deadlineMs } = this.#options
    const ended = await withDeadline<T | undefined>(async () => body(), { clock, deadlineMs, graceMs: 0 }).result
    return ended.kind === 'done' ? ended.value : undefined
  }
}
