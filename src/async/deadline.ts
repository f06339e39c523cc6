import type { Clock, TimerHandle } from '../api/clock.ts'

/** How a bounded call ended. `settled: false` says that the body still runs: it was given up, not stopped. */
export type CallResult<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timed-out' | 'cancelled'; readonly settled: boolean }

/** What comes after the call was given up. */
export type LateResult<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown }

export interface Limits {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
  readonly deadlineMs: number
  /** How long the body may take to end after its signal aborted. */
  readonly graceMs: number
}

export interface DeadlineOptions<T> extends Limits {
  /** Called once, at whatever time, when a body that was given up ends after all. */
  readonly onLate?: (late: LateResult<T>) => void
}

/** Says when a call is given up. */
export interface Cancellable {
  /** Calls back when it is given up; at once where it has been. It holds one callback, the last. */
  readonly onCancel: (callback: () => void) => void
}

/** What a bounded body may look at. */
export interface DeadlineContext {
  /** Aborts when the call is given up. Made when it is first asked for: most bodies never do, and it is dear. */
  readonly signal: AbortSignal
  readonly isAbandoned: boolean
}

/**
 * Calls a body that may throw, hang or ignore its signal. Deadlines are held here and not by the queue, since a queue's
 * time-out frees the slot while the body runs on.
 */
export const withDeadline = <T>(
  body: (bounds: DeadlineContext) => Promise<T> | T,
  options: DeadlineOptions<T>,
): DeadlineCall<T> => {
  const call = new DeadlineCall(body, options)
  call.run()
  return call
}

/** A call within its limits. What it calls is said by those who extend it. */
export abstract class DeadlineWork<T> implements DeadlineContext {
  readonly #limits: Limits
  #ended: CallResult<T> | undefined
  #result: Promise<CallResult<T>> | undefined
  #resolve: ((result: CallResult<T>) => void) | undefined
  #givenUp: 'timed-out' | 'cancelled' | undefined
  #timer: TimerHandle
  #controller: AbortController | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  protected abstract body(): Promise<T> | T

  /** Called once, at whatever time, when a body that was given up ends after all. */
  protected abstract noteLate(late: LateResult<T>): void

  /** Never rejects; resolves within the deadline and the grace, whatever the body does. */
  get result(): Promise<CallResult<T>> {
    this.#result ??=
      this.#ended === undefined
        ? new Promise((resolve) => {
            this.#resolve = resolve
          })
        : Promise.resolve(this.#ended)
    return this.#result
  }

  /** Aborts when the call is given up. Made when it is first asked for: most bodies never do, and it is dear. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController()
    if (this.#givenUp !== undefined) this.#abort(this.#givenUp)
    return this.#controller.signal
  }

  get isAbandoned(): boolean {
    return this.#givenUp !== undefined
  }

  /** Aborts the body's signal; the result is then `cancelled`. */
  stop(): void {
    this.#giveUp('cancelled')
  }

  /** Calls the body. Says how it ended where it has ended at once; else `result` will. */
  run(): CallResult<T> | undefined {
    let returned: Promise<T> | T
    let isPending: boolean
    try {
      returned = this.body()
      isPending = isThenable(returned)
    } catch (error) {
      this.#settle({ kind: 'error', error })
      return this.#ended
    }
    if (isPending) {
      void this.#watch(returned)
      // What has not been given up by its own body is given up at its deadline.
      if (this.#givenUp === undefined) this.#arm()
    } else this.#settle({ kind: 'value', value: returned as T })
    return this.#ended
  }

  /** Not by its own `then`, which may call both callbacks twice: an await of a true promise never calls it. */
  async #watch(returned: Promise<T> | T): Promise<void> {
    let late: LateResult<T>
    try {
      late = { kind: 'value', value: await returned }
    } catch (error) {
      late = { kind: 'error', error }
    }
    this.#settle(late)
  }

  #arm(): void {
    const { clock, deadlineMs } = this.#limits
    this.#timer = clock.setTimeout(() => this.#giveUp('timed-out'), deadlineMs)
  }

  #giveUp(kind: 'timed-out' | 'cancelled'): void {
    if (this.#givenUp !== undefined || this.#ended !== undefined) return
    const { clock, graceMs } = this.#limits
    this.#givenUp = kind
    this.#clear()
    const give = (): void => this.#finish({ kind, settled: false })
    // No grace is none: a timer of 0 ms would take one, and might outlive the reloader.
    if (graceMs > 0) this.#timer = clock.setTimeout(give, graceMs)
    this.#abort(kind)
    if (graceMs <= 0) give()
  }

  #abort(kind: string): void {
    this.#controller?.abort(new DOMException(kind, 'AbortError'))
  }

  #settle(late: LateResult<T>): void {
    if (this.#givenUp === undefined) {
      this.#finish(late.kind === 'value' ? { kind: 'done', value: late.value } : { kind: 'failed', error: late.error })
      return
    }
    if (this.#ended === undefined) this.#finish({ kind: this.#givenUp, settled: true })
    this.noteLate(late)
  }

  #finish(ended: CallResult<T>): void {
    this.#ended = ended
    this.#clear()
    this.#resolve?.(ended)
  }

  #clear(): void {
    if (this.#timer === undefined) return
    this.#limits.clock.clearTimeout(this.#timer)
    this.#timer = undefined
  }
}

/** A call of a function within its limits. */
export class DeadlineCall<T> extends DeadlineWork<T> {
  readonly #body: (bounds: DeadlineContext) => Promise<T> | T
  readonly #onLate: ((late: LateResult<T>) => void) | undefined

  constructor(body: (bounds: DeadlineContext) => Promise<T> | T, options: DeadlineOptions<T>) {
    super(options)
    this.#body = body
    this.#onLate = options.onLate
  }

  /** As `stop`, to be handed on. */
  readonly cancel = (): void => this.stop()

  protected body(): Promise<T> | T {
    return this.#body(this)
  }

  protected noteLate(late: LateResult<T>): void {
    this.#onLate?.(late)
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
