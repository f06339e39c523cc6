import type { Clock, TimerHandle } from './clock.ts'

/** How a bounded call ended. `settled: false` says that the body still runs: it was given up, not stopped. */
export type Bounded<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timed-out' | 'cancelled'; readonly settled: boolean }

/** What comes after the call was given up. */
export type Late<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown }

export interface BoundedOptions<T> {
  readonly clock: Clock
  readonly deadlineMs: number
  /** How long the body may take to end after its signal aborted. */
  readonly graceMs: number
  /** Called once, at whatever time, when a body that was given up ends after all. */
  readonly onLate?: (late: Late<T>) => void
}

/** What a bounded body may look at. */
export interface Bounds {
  /** Aborts when the call is given up. Made when it is first asked for: most bodies never do, and it is dear. */
  readonly signal: AbortSignal
  readonly isGivenUp: boolean
}

/**
 * Calls a body that may throw, hang or ignore its signal. Deadlines are held here and not by the queue, since a queue's
 * time-out frees the slot while the body runs on.
 */
export const bounded = <T>(body: (bounds: Bounds) => Promise<T> | T, options: BoundedOptions<T>): BoundedCall<T> => {
  const call = new BoundedCall(options)
  call.run(body)
  return call
}

export class BoundedCall<T> implements Bounds {
  /** Never rejects; resolves within the deadline and the grace, whatever the body does. */
  readonly result: Promise<Bounded<T>>
  readonly #options: BoundedOptions<T>
  #resolve: (result: Bounded<T>) => void = () => {}
  #isResolved = false
  #givenUp: 'timed-out' | 'cancelled' | undefined
  #timer: TimerHandle
  #controller: AbortController | undefined

  constructor(options: BoundedOptions<T>) {
    this.#options = options
    this.result = new Promise((resolve) => {
      this.#resolve = resolve
    })
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#givenUp !== undefined) this.#abort(this.#givenUp)
    return this.#controller.signal
  }

  get isGivenUp(): boolean {
    return this.#givenUp !== undefined
  }

  /** Aborts the body's signal; the result is then `cancelled`. */
  readonly cancel = (): void => this.#giveUp('cancelled')

  run(body: (bounds: Bounds) => Promise<T> | T): void {
    const { clock, deadlineMs } = this.#options
    this.#timer = clock.setTimeout(() => this.#giveUp('timed-out'), deadlineMs)
    try {
      const returned = body(this)
      if (isThenable(returned)) {
        // Not Promise.resolve: it would hand both callbacks to a promise's own `then`, which may call them twice.
        new Promise<T>((resolve) => resolve(returned as T)).then(
          (value) => this.#settle({ kind: 'value', value }),
          (error: unknown) => this.#settle({ kind: 'error', error }),
        )
      } else this.#settle({ kind: 'value', value: returned })
    } catch (error) {
      this.#settle({ kind: 'error', error })
    }
  }

  #giveUp(kind: 'timed-out' | 'cancelled'): void {
    if (this.#givenUp !== undefined || this.#isResolved) return
    const { clock, graceMs } = this.#options
    this.#givenUp = kind
    clock.clearTimeout(this.#timer)
    const give = (): void => this.#finish({ kind, settled: false })
    // No grace is none: a timer of 0 ms would take one, and might outlive the reloader.
    if (graceMs > 0) this.#timer = clock.setTimeout(give, graceMs)
    this.#abort(kind)
    if (graceMs <= 0) give()
  }

  #abort(kind: string): void {
    this.#controller?.abort(new DOMException(kind, 'AbortError'))
  }

  #settle(late: Late<T>): void {
    if (this.#givenUp === undefined) {
      this.#finish(late.kind === 'value' ? { kind: 'done', value: late.value } : { kind: 'failed', error: late.error })
      return
    }
    if (!this.#isResolved) this.#finish({ kind: this.#givenUp, settled: true })
    this.#options.onLate?.(late)
  }

  #finish(ended: Bounded<T>): void {
    this.#isResolved = true
    this.#options.clock.clearTimeout(this.#timer)
    this.#resolve(ended)
  }
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  (typeof value === 'object' || typeof value === 'function') &&
  value !== null &&
  typeof (value as { then?: unknown }).then === 'function'

/** What user code returned where nothing is awaited may be a promise; its rejection must not end the process. */
export const ignoreRejection = (value: unknown): void => {
  new Promise((resolve) => resolve(value)).catch(() => {})
}

/** Resolves after `ms`, or at once when the signal aborts. */
export const sleep = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve()
    const wake = (): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', wake)
      resolve()
    }
    const timer = clock.setTimeout(wake, ms)
    signal.addEventListener('abort', wake)
  })
