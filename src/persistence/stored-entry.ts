import type { Clock } from '../api/clock.ts'
import type { EntryName, GoodStore } from '../api/good-store.ts'
import { type CallResult, type DeadlineCall, type LateResult, withDeadline } from '../async/deadline.ts'
import { type Failure, failure } from '../model/failure.ts'
import { type Codec, UnusableEntry } from './codec.ts'

export interface StoredEntryOptions {
  readonly clock: Clock
  readonly deadlineMs: number
  /** Called when an abandoned save settles after all. */
  readonly onLate: (failed: Failure | undefined) => void
}

/** What an entry holds. The journal's sequence is always 0. */
export interface EntryContent {
  readonly text: string
  readonly sequence: number
}

/** What a load found: neither, if nothing was saved yet. */
export interface LoadedEntry<T> {
  readonly value?: T
  readonly failed?: Failure
}

/** One entry of a store, and what is known of its content. Every call of the store has a deadline. */
export class StoredEntry {
  readonly name: EntryName
  readonly #store: GoodStore
  readonly #options: StoredEntryOptions
  readonly #calls = new Set<DeadlineCall<unknown>>()
  #content: EntryContent | undefined
  #highestSequence = -1
  #isUnsettled = false

  constructor(name: EntryName, store: GoodStore, options: StoredEntryOptions) {
    this.name = name
    this.#store = store
    this.#options = options
  }

  /** What the store surely holds; undefined after a failed save, which may have gone through all the same. */
  get content(): EntryContent | undefined {
    return this.#content
  }

  /** The highest sequence that the store may hold; -1 for an entry that is missing or unusable. */
  get highestSequence(): number {
    return this.#highestSequence
  }

  /** True until the last save has settled. No other save begins meanwhile, since the older text might land on the newer. */
  get isUnsettled(): boolean {
    return this.#isUnsettled
  }

  /** Never rejects. */
  async load<T>({ decode }: Codec<T>, sequenceOf: (value: T) => number): Promise<LoadedEntry<T>> {
    const ended = await this.#call(() => this.#store.load(this.name))
    if (ended.kind !== 'done') return { failed: this.#failureOf(ended) }
    // A user's store may return null for an entry that it does not have.
    if (ended.value === undefined || ended.value === null) return {}
    const decoded = decode(ended.value)
    if (decoded.kind === 'refused') return { failed: this.#failure(decoded.code) }
    const { value } = decoded
    // A save that has begun meanwhile knows better.
    if (this.#highestSequence < 0) this.#hold({ text: ended.value as string, sequence: sequenceOf(value) })
    return { value }
  }

  /** Replaces the content. Never rejects; resolves with the failure, if any. */
  async save(content: EntryContent): Promise<Failure | undefined> {
    if (this.#isUnsettled) return this.#failure('persistence.timeout')
    this.#isUnsettled = true
    this.#content = undefined
    this.#highestSequence = Math.max(this.#highestSequence, content.sequence)
    const settle = (isSaved: boolean): void => {
      this.#isUnsettled = false
      if (isSaved) this.#hold(content)
    }
    const ended = await this.#call(
      () => this.#store.save(this.name, content.text),
      (late) => {
        settle(late.kind === 'value')
        this.#options.onLate(late.kind === 'value' ? undefined : this.#failureOf({ ...late, kind: 'failed' }))
      },
    )
    if (ended.kind === 'done' || ended.kind === 'failed') settle(ended.kind === 'done')
    return ended.kind === 'done' ? undefined : this.#failureOf(ended)
  }

  /** Abandons the calls that are running. */
  close(): void {
    for (const call of this.#calls) call.cancel()
  }

  #hold(content: EntryContent): void {
    this.#content = content
    this.#highestSequence = content.sequence
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

  #failureOf(ended: Exclude<CallResult<unknown>, { kind: 'done' }>): Failure {
    if (ended.kind !== 'failed') return this.#failure('persistence.timeout')
    const { error } = ended
    return error instanceof UnusableEntry ? this.#failure(error.code) : this.#failure('persistence.failed', error)
  }

  #failure(code: Failure['code'], cause?: unknown): Failure {
    return failure(code, { phase: 'persist', detail: this.name }, cause)
  }
}
