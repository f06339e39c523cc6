import type { Clock, TimerHandle } from '../api/clock.ts'
import { MAX_DELAY_MS } from '../api/clock.ts'
import { changeoverError } from '../model/failure.ts'

/** Refuses an option that is not a delay which a timer can hold. */
export const assertDelay = (option: string, ms: number, min = 1): void => {
  if (typeof ms === 'number' && ms >= min && ms <= MAX_DELAY_MS) return
  throw changeoverError('reloader.invalid-option', { detail: `${option} takes ${min} to ${MAX_DELAY_MS} milliseconds` })
}

/** Lets a timer not keep the process alive; another clock's handles may not know that. */
export const unrefTimer = (handle: TimerHandle): void => {
  if (typeof handle !== 'object' || handle === null || !('unref' in handle)) return
  if (typeof handle.unref === 'function') handle.unref()
}

/**
 * Disarms a timer that may not keep the process alive. It is made to keep it first: of others Node keeps what it has
 * for all timers of one delay until they would have been due, which for delays of hours adds up.
 */
export const clearUnrefTimer = (clock: Clock, handle: TimerHandle): void => {
  if (typeof handle === 'object' && handle !== null && 'ref' in handle && typeof handle.ref === 'function') handle.ref()
  clock.clearTimeout(handle)
}

/** True when `promise` settles within `ms`, false when it is late; it never rejects. */
export const settlesWithin = (clock: Clock, ms: number, promise: Promise<unknown>): Promise<boolean> =>
  new Promise((resolve) => {
    const handle = clock.setTimeout(() => resolve(false), ms)
    const settled = () => {
      clock.clearTimeout(handle)
      resolve(true)
    }
    promise.then(settled, settled)
  })

/** Settles as `promise` does, but rejects as soon as `signal` aborts: what ignores its signal is not waited for. */
export const abortable = <T>(promise: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
