import { ignoreRejection, reportRejection } from '../async/thenable.ts'
import type { ChangeContext } from '../api/call-options.ts'
import { type Failure, failure } from '../model/failure.ts'
import { isEqual } from '../model/data/plain.ts'

export type Listener = (next: unknown, previous: unknown, context: ChangeContext) => unknown

interface Subscriber {
  readonly select: (config: unknown) => unknown
  readonly listener: Listener
}

/** Calls listeners after each commit and rollback that changed what they select. A listener cannot stop anything. */
export class Subscriptions {
  readonly #subscribers = new Map<Subscriber, () => void>()
  readonly #report: (failure: Failure) => void
  #isClosed = false

  constructor(report: (failure: Failure) => void) {
    this.#report = report
  }

  /** Adds a subscriber, until the signal aborts or the returned function is called. */
  add(subscriber: Subscriber, signal?: AbortSignal): () => void {
    if (this.#isClosed || signal?.aborted === true) return () => {}
    const own = { ...subscriber } // one function subscribed twice is two subscriptions
    const remove = (): void => {
      this.#subscribers.delete(own)
      signal?.removeEventListener('abort', remove)
    }
    this.#subscribers.set(own, remove)
    signal?.addEventListener('abort', remove)
    return remove
  }

  /** What the listeners follow. */
  get selects(): readonly Subscriber['select'][] {
    return [...this.#subscribers.keys()].map(({ select }) => select)
  }

  notify(next: unknown, previous: unknown, context: ChangeContext): void {
    for (const { select, listener } of [...this.#subscribers.keys()]) {
      try {
        const to = next === undefined ? undefined : select(next)
        const from = previous === undefined ? undefined : select(previous)
        for (const selected of [to, from]) ignoreRejection(selected) // the promise of an async select is not awaited
        if (isEqual(to, from)) continue
        reportRejection(listener(to, from, context), (error) => this.#reportError(error))
      } catch (error) {
        this.#reportError(error)
      }
    }
  }

  /** Ends all subscriptions. A later one is never called and leaves nothing on its signal. */
  close(): void {
    this.#isClosed = true
    for (const remove of this.#subscribers.values()) remove()
  }

  #reportError(error: unknown): void {
    this.#report(failure('listener.failed', {}, error))
  }
}
