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

export interface BoundedCall<T> {
  /** Never rejects; resolves within the deadline and the grace, whatever the body does. */
  readonly result: Promise<Bounded<T>>
  /** Aborts the body's signal; the result is then `cancelled`. */
  readonly cancel: () => void
}

/**
 * Calls a body that may throw, hang or ignore its signal. Deadlines are held here and not by the queue, since a queue's
 * time-out frees the slot while the body runs on.
 */
export const bounded = <T>(
  body: (signal: AbortSignal) => Promise<T> | T,
  { clock, deadlineMs, graceMs, onLate }: BoundedOptions<T>,
): BoundedCall<T> => {
  const controller = new AbortController()
  let givenUp: 'timed-out' | 'cancelled' | undefined
  let timer: TimerHandle
  let isResolved = false
  let resolveResult: (result: Bounded<T>) => void = () => {}
  const result = new Promise<Bounded<T>>((resolve) => {
    resolveResult = resolve
  })

  const finish = (ended: Bounded<T>): void => {
    isResolved = true
    clock.clearTimeout(timer)
    resolveResult(ended)
  }
  const giveUp = (kind: 'timed-out' | 'cancelled'): void => {
    if (givenUp !== undefined || isResolved) return
    givenUp = kind
    clock.clearTimeout(timer)
    const give = (): void => finish({ kind, settled: false })
    // No grace is none: a timer of 0 ms would take one, and might outlive the reloader.
    if (graceMs > 0) timer = clock.setTimeout(give, graceMs)
    controller.abort(new DOMException(kind, 'AbortError'))
    if (graceMs <= 0) give()
  }
  const settle = (late: Late<T>): void => {
    if (givenUp === undefined) {
      finish(late.kind === 'value' ? { kind: 'done', value: late.value } : { kind: 'failed', error: late.error })
      return
    }
    if (!isResolved) finish({ kind: givenUp, settled: true })
    onLate?.(late)
  }

  timer = clock.setTimeout(() => giveUp('timed-out'), deadlineMs)
  try {
    const returned = body(controller.signal)
    if (isThenable(returned)) {
      // Not Promise.resolve: it would hand both callbacks to a promise's own `then`, which may call them twice.
      new Promise<T>((resolve) => resolve(returned as T)).then(
        (value) => settle({ kind: 'value', value }),
        (error: unknown) => settle({ kind: 'error', error }),
      )
    } else settle({ kind: 'value', value: returned })
  } catch (error) {
    settle({ kind: 'error', error })
  }
  return { result, cancel: () => giveUp('cancelled') }
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
