import type { Clock, TimerHandle } from '../api/clock.ts'
import { GuardedAbortController } from './guarded-abort.ts'
import { isThenable } from './thenable.ts'

/** How a call with a deadline ended. `settled: false` means that the body still runs: it was abandoned, not stopped. */
export type CallResult<T> =
  | { readonly kind: 'done'; readonly value: T }
  | { readonly kind: 'failed'; readonly error: unknown }
  | { readonly kind: 'timed-out' | 'cancelled'; readonly settled: boolean }

/** What an abandoned body ends with after all. */
export type LateResult<T> =
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'error'; readonly error: unknown }

export interface Limits {
  readonly clock: Pick<Clock, 'setTimeout' | 'clearTimeout'>
  readonly deadlineMs: number
  /** How long the body may take to end after its signal has aborted, in milliseconds. */
  readonly graceMs: number
  /** Hears what a listener on the body's signal throws. Needed if the body is user code that gets the signal. */
  readonly onListenerError?: (error: unknown) => void
}

export interface DeadlineOptions<T> extends Limits {
  /** Called once, at whatever time, when an abandoned body ends after all. */
  readonly onLate?: (late: LateResult<T>) => void
}

/** Work that its caller may cancel. */
export interface Cancellable {
  /** Calls back on cancellation; at once if that has happened. Holds one callback, the last. */
  readonly onCancel: (callback: () => void) => void
}

/** What a body with a deadline may look at. */
export interface DeadlineContext {
  /** Aborts when the call is abandoned. Made when it is first read: most bodies never do, and it is expensive. */
  readonly signal: AbortSignal
  readonly isAbandoned: boolean
}

/**
 * Calls a body that may throw, hang or ignore its signal. Deadlines are held here and not by the queue, since a queue's
 * time-out frees the slot while the body runs on.
 */
export const withDeadline = <T>(
  body: (context: DeadlineContext) => Promise<T> | T,
  options: DeadlineOptions<T>,
): DeadlineCall<T> => {
  const call = new DeadlineCall(body, options)
  call.run()
  return call
}

/** Work with a deadline and a grace. Those who extend it say what it calls. */
export abstract class DeadlineWork<T> implements DeadlineContext {
  readonly #limits: Limits
  #ended: CallResult<T> | undefined
  #result: Promise<CallResult<T>> | undefined
  #resolve: ((result: CallResult<T>) => void) | undefined
  #abandoned: 'timed-out' | 'cancelled' | undefined
  #timer: TimerHandle
  #controller: GuardedAbortController | undefined

  constructor(limits: Limits) {
    this.#limits = limits
  }

  protected abstract body(): Promise<T> | T

  /** Called once, at whatever time, when an abandoned body ends after all. */
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

  get signal(): AbortSignal {
    this.#controller ??= new GuardedAbortController(this.#limits.onListenerError ?? ignore)
    if (this.#abandoned !== undefined) this.#abort(this.#abandoned)
    return this.#controller.signal
  }

  get isAbandoned(): boolean {
    return this.#abandoned !== undefined
  }

  /** Aborts the body's signal; the result is then `cancelled`. */
  cancel(): void {
    this.#abandon('cancelled')
  }

  /** Calls the body. Returns the result if the body has ended at once; otherwise await `result`. */
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
      // Unless the body itself has cancelled the call, its deadline runs from here.
      if (this.#abandoned === undefined) {
        const { clock, deadlineMs } = this.#limits
        this.#timer = clock.setTimeout(() => this.#abandon('timed-out'), deadlineMs)
      }
    } else this.#settle({ kind: 'value', value: returned as T })
    return this.#ended
  }

  /** Awaits instead of calling `then`, which a hostile thenable may answer twice. */
  async #watch(returned: Promise<T> | T): Promise<void> {
    let late: LateResult<T>
    try {
      late = { kind: 'value', value: await returned }
    } catch (error) {
      late = { kind: 'error', error }
    }
    this.#settle(late)
  }

  #abandon(kind: 'timed-out' | 'cancelled'): void {
    if (this.#abandoned !== undefined || this.#ended !== undefined) return
    const { clock, graceMs } = this.#limits
    this.#abandoned = kind
    this.#clear()
    const end = (): void => this.#finish({ kind, settled: false })
    // Without a grace there is no timer: one of 0 ms would take a turn and might outlive the reloader.
    if (graceMs > 0) this.#timer = clock.setTimeout(end, graceMs)
    this.#abort(kind)
    if (graceMs <= 0) end()
  }

  #abort(kind: string): void {
    this.#controller?.abort(new DOMException(kind, 'AbortError'))
  }

  #settle(late: LateResult<T>): void {
    if (this.#abandoned === undefined) {
      this.#finish(late.kind === 'value' ? { kind: 'done', value: late.value } : { kind: 'failed', error: late.error })
      return
    }
    if (this.#ended === undefined) this.#finish({ kind: this.#abandoned, settled: true })
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

const ignore = (): void => {}

/** A call of a function with a deadline. */
export class DeadlineCall<T> extends DeadlineWork<T> {
  readonly #body: (context: DeadlineContext) => Promise<T> | T
  readonly #onLate: ((late: LateResult<T>) => void) | undefined

  constructor(body: (context: DeadlineContext) => Promise<T> | T, options: DeadlineOptions<T>) {
    super(options)
    this.#body = body
    this.#onLate = options.onLate
  }

  protected body(): Promise<T> | T {
    return this.#body(this)
  }

  protected noteLate(late: LateResult<T>): void {
    this.#onLate?.(late)
  }
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
