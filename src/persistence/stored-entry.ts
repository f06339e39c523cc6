import { type CallResult, type DeadlineCall, withDeadline, type LateResult } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import { type Failure, failure } from '../model/failure.ts'
import { type Decoded, idOf } from './codec.ts'
import { type Held, nothingHeld } from './write-order.ts'
import type { EntryName, GoodStore } from '../api/good-store.ts'
import { UnusableEntry } from './unusable.ts'

export interface EntryOptions {
  readonly clock: Clock
  readonly deadlineMs: number
  /** A save that was given up has ended after all. */
  readonly onSettled: (failed: Failure | undefined) => void
}

/** A text to be kept. */
export interface EntryText extends Held {
  readonly text: string
}

/** What a load found; neither where nothing was saved yet. */
export interface Loaded<T> {
  readonly value?: T
  readonly failed?: Failure
}

/** How many failed saves are remembered, of a store that refuses everything for days. */
const MOST_DOUBTS = 30

/** One entry of a store: every call of it is bounded, and no save overtakes one that has not settled. */
export class StoredEntry {
  readonly name: EntryName
  readonly #store: GoodStore
  readonly #options: EntryOptions
  readonly #calls = new Set<DeadlineCall<unknown>>()
  #mayHold: readonly Held[] = [nothingHeld]
  #saves = 0
  #isUnsettled = false

  constructor(name: EntryName, store: GoodStore, options: EntryOptions) {
    this.name = name
    this.#store = store
    this.#options = options
  }

  /** What the store may hold, as far as it is known. */
  get mayHold(): readonly Held[] {
    return this.#mayHold
  }

  /** True while a save that was given up has not settled: none is begun then, since the old one might land on the new. */
  get isUnsettled(): boolean {
    return this.#isUnsettled
  }

  /** What is kept. Never rejects. */
  async load<T>(decode: (text: unknown) => Decoded<T>, sequenceOf: (value: T) => number): Promise<Loaded<T>> {
    const savesBefore = this.#saves
    const ended = await this.#call(() => this.#store.load(this.name))
    if (ended.kind !== 'done') return { failed: this.#failed(ended) }
    // A store of one's own may say null where it has nothing.
    if (ended.value === undefined || ended.value === null) return {}
    const decoded = decode(ended.value)
    const held =
      decoded.kind === 'valid' ? { id: idOf(ended.value as string), sequence: sequenceOf(decoded.value) } : nothingHeld
    if (savesBefore === this.#saves) this.#mayHold = [held]
    return decoded.kind === 'valid' ? { value: decoded.value } : { failed: this.#failure(decoded.code) }
  }

  /** Replaces what is kept. Never rejects; `undefined` where it is done. */
  async save({ text, id, sequence }: EntryText): Promise<Failure | undefined> {
    if (this.#isUnsettled) return this.#failure('persistence.timeout')
    const held = { id, sequence }
    this.#saves += 1
    this.#noteBegun(held)
    let isOver = false
    const ended = await this.#call(
      () => this.#store.save(this.name, text),
      (late) => {
        isOver = true
        this.#isUnsettled = false
        if (late.kind === 'value') this.#mayHold = [held]
        this.#options.onSettled(late.kind === 'value' ? undefined : this.#failed({ ...late, kind: 'failed' }))
      },
    )
    if (ended.kind === 'done') {
      this.#mayHold = [held]
      return undefined
    }
    if (ended.kind !== 'failed') this.#isUnsettled = !isOver
    return this.#failed(ended)
  }

  /** Waits no longer for what is running. */
  giveUp(): void {
    for (const call of this.#calls) call.cancel()
  }

  #failure(code: Failure['code'], cause?: unknown): Failure {
    return failure(code, { phase: 'persist', detail: this.name }, cause)
  }

  async #call(
    body: () => unknown,
    onLate: (late: LateResult<unknown>) => void = () => {},
  ): Promise<CallResult<unknown>> {
    const { clock, deadlineMs } = this.#options
    const call = withDeadline<unknown>(body, { clock, deadlineMs, graceMs: 0, onLate })
    this.#calls.add(call)
    const ended = await call.result
    this.#calls.delete(call)
    return ended
  }

  // A save that fails may have gone through all the same, so the entry holds what it held, or this.
  #noteBegun(held: Held): void {
    const [first = nothingHeld, ...others] = this.#mayHold.filter(({ id }) => id !== held.id)
    this.#mayHold = [first, ...others.slice(-MOST_DOUBTS), held]
  }

  #failed(ended: Exclude<CallResult<unknown>, { kind: 'done' }>): Failure {
    if (ended.kind !== 'failed') return this.#failure('persistence.timeout')
    const { error } = ended
    return error instanceof UnusableEntry ? this.#failure(error.code) : this.#failure('persistence.failed', error)
  }
}
