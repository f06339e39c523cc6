import { promisify } from 'node:util'
import type { Clock, TimerHandle } from '../../../../api/clock.ts'

type Callback = (...args: unknown[]) => void

/** Makes Node's timer functions on a clock. `real` clears the timers that were armed before. */
export const timersOn = (clock: () => Clock, real: { readonly clearTimeout: (timer: never) => void }) => {
  const promises = promisesOn(clock)
  const clear = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.close()
    else real.clearTimeout(timer as never)
  }
  const setTimer = (callback: Callback, ms?: number, ...args: unknown[]): VirtualTimer =>
    new VirtualTimer(clock(), ms, false, () => callback(...args))
  const setImmediate = (callback: Callback, ...args: unknown[]): VirtualTimer => setTimer(callback, 1, ...args)
  return {
    // Node's own functions have this property too, so that `promisify` works.
    setTimeout: Object.assign(setTimer, { [promisify.custom]: promises.setTimeout }),
    setInterval: (callback: Callback, ms?: number, ...args: unknown[]) =>
      new VirtualTimer(clock(), ms, true, () => callback(...args)),
    setImmediate: Object.assign(setImmediate, { [promisify.custom]: promises.setImmediate }),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  }
}

/** Makes the functions of node:timers/promises on a clock. An immediate takes 1 ms, instead of a turn of the event loop. */
export const promisesOn = (clock: () => Clock) => {
  const sleep = sleepOn(clock)
  return {
    setTimeout: sleep,
    setInterval: intervalOn(clock),
    setImmediate: <T>(value?: T, options?: WaitOptions): Promise<T> => sleep(1, value, options),
  }
}

/** Makes `AbortSignal.timeout` on a clock. */
export const timeoutSignalOn =
  (clock: () => Clock) =>
  (ms: number): AbortSignal => {
    const controller = new AbortController()
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    clock().setTimeout(() => controller.abort(reason), ms)
    return controller.signal
  }

/** Makes a `Date` that reads the current time from a clock, and otherwise behaves like `real`. */
export const dateOn = (clock: () => Clock, real: DateConstructor): DateConstructor =>
  new Proxy(real, {
    construct: (target, args: ConstructorParameters<DateConstructor>, newTarget) =>
      Reflect.construct(
        target,
        (args as readonly unknown[]).length === 0 ? [clock().now()] : args,
        newTarget,
      ) as object,
    apply: (target) => new target(clock().now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? () => clock().now() : Reflect.get(target, key, receiver)),
  })

/** A timer with the methods of Node's `Timeout`, such as `unref` and `refresh`. */
class VirtualTimer {
  readonly #clock: Clock
  readonly #ms: number
  readonly #fire: () => void
  readonly #repeats: boolean
  #handle: TimerHandle
  #isArmed = false
  #hasRef = true

  constructor(clock: Clock, ms: number | undefined, repeats: boolean, fire: () => void) {
    this.#clock = clock
    this.#ms = ms ?? 1
    this.#repeats = repeats
    this.#fire = fire
    this.#arm()
  }

  #arm(): void {
    this.#isArmed = true
    this.#handle = this.#clock.setTimeout(() => {
      this.#isArmed = false
      if (this.#repeats) this.#arm()
      this.#fire()
    }, this.#ms)
  }

  /** Only changes what `hasRef` returns: a simulation does not end when no timer is left. */
  ref(): this {
    this.#hasRef = true
    return this
  }

  unref(): this {
    this.#hasRef = false
    return this
  }

  hasRef(): boolean {
    return this.#hasRef
  }

  refresh(): this {
    this.close()
    this.#arm()
    return this
  }

  close(): this {
    if (this.#isArmed) this.#clock.clearTimeout(this.#handle)
    this.#isArmed = false
    return this
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

interface WaitOptions {
  readonly signal?: AbortSignal | undefined
}

/** Makes `setTimeout` of node:timers/promises on a clock. */
const sleepOn =
  (clock: () => Clock) =>
  <T>(ms?: number, value?: T, { signal }: WaitOptions = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortError(signal))
      const current = clock()
      const handle = current.setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve(value as T)
      }, ms ?? 1)
      const stop = (): void => {
        current.clearTimeout(handle)
        if (signal !== undefined) reject(abortError(signal))
      }
      signal?.addEventListener('abort', stop, { once: true })
    })

/** Makes `setInterval` of node:timers/promises on a clock. A slow consumer gets every value that it has missed. */
const intervalOn = (clock: () => Clock) =>
  async function* <T>(ms?: number, value?: T, { signal }: WaitOptions = {}): AsyncGenerator<T, void, undefined> {
    if (signal?.aborted === true) throw abortError(signal)
    const isAborted = (): boolean => signal?.aborted === true
    let missed = 0
    let wake = (): void => {}
    const timer = new VirtualTimer(clock(), ms, true, () => {
      missed += 1
      wake()
    })
    const onAbort = (): void => wake()
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      for (;;) {
        for (; missed > 0 && !isAborted(); missed--) yield value as T
        if (signal !== undefined && isAborted()) throw abortError(signal)
        await new Promise<void>((resolve) => {
          wake = resolve
        })
      }
    } finally {
      timer.close()
      signal?.removeEventListener('abort', onAbort)
    }
  }

/** Makes the error with which Node's timers reject: its cause is the signal's reason. */
const abortError = ({ reason }: AbortSignal): Error => {
  const error = new Error('The operation was aborted', { cause: reason })
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' })
}
