import { promisify } from 'node:util'
import type { Clock, TimerHandle } from '../../../api/clock.ts'

type Callback = (...all: unknown[]) => void

/** A timer as Node's functions hand it out: one may call `unref` and the like on it. */
export class VirtualTimer {
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

  /** A simulation does not end for want of timers, so this changes nothing but what `hasRef` says. */
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

/** As Node's: the reason is the cause. */
const abortError = ({ reason }: AbortSignal): Error => {
  const error = new Error('The operation was aborted', { cause: reason })
  return Object.assign(error, { name: 'AbortError', code: 'ABORT_ERR' })
}

/** `setTimeout` of node:timers/promises on a clock. */
const sleepOn =
  (clock: () => Clock) =>
  <T>(ms?: number, value?: T, { signal }: WaitOptions = {}): Promise<T> =>
    new Promise((resolve, reject) => {
      if (signal?.aborted === true) return reject(abortError(signal))
      const owner = clock()
      const handle = owner.setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve(value as T)
      }, ms ?? 1)
      const stop = (): void => {
        owner.clearTimeout(handle)
        if (signal !== undefined) reject(abortError(signal))
      }
      signal?.addEventListener('abort', stop, { once: true })
    })

/** `setInterval` of node:timers/promises on a clock: a slow consumer is told of each that it has missed. */
const ticksOn = (clock: () => Clock) =>
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

/** What node:timers/promises has, on a clock. An immediate is 1 ms: it is a turn of the real event loop otherwise. */
export const promisesOn = (clock: () => Clock) => {
  const sleep = sleepOn(clock)
  return {
    setTimeout: sleep,
    setInterval: ticksOn(clock),
    setImmediate: <T>(value?: T, options?: WaitOptions): Promise<T> => sleep(1, value, options),
  }
}

/** Node's timer functions on a clock; what was armed before is cleared by `real`, the functions that were there. */
export const timersOn = (clock: () => Clock, real: { readonly clearTimeout: (timer: never) => void }) => {
  const promises = promisesOn(clock)
  const clear = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.close()
    else real.clearTimeout(timer as never)
  }
  const setTimer = (callback: Callback, ms?: number, ...all: unknown[]): VirtualTimer =>
    new VirtualTimer(clock(), ms, false, () => callback(...all))
  const setImmediate = (callback: Callback, ...all: unknown[]): VirtualTimer => setTimer(callback, 1, ...all)
  return {
    // `promisify` must find what it finds on Node's own.
    setTimeout: Object.assign(setTimer, { [promisify.custom]: promises.setTimeout }),
    setInterval: (callback: Callback, ms?: number, ...all: unknown[]) =>
      new VirtualTimer(clock(), ms, true, () => callback(...all)),
    setImmediate: Object.assign(setImmediate, { [promisify.custom]: promises.setImmediate }),
    clearTimeout: clear,
    clearInterval: clear,
    clearImmediate: clear,
  }
}

/** `AbortSignal.timeout` on a clock. */
export const timeoutSignalOn =
  (clock: () => Clock) =>
  (ms: number): AbortSignal => {
    const controller = new AbortController()
    const reason = new DOMException('The operation was aborted due to timeout', 'TimeoutError')
    clock().setTimeout(() => controller.abort(reason), ms)
    return controller.signal
  }

/** `Date` on a clock: what asks for the time is told the virtual one, all else is as it was. */
export const dateOn = (clock: () => Clock, real: DateConstructor): DateConstructor =>
  new Proxy(real, {
    construct: (target, all: ConstructorParameters<DateConstructor>, newTarget) =>
      Reflect.construct(target, (all as readonly unknown[]).length === 0 ? [clock().now()] : all, newTarget) as object,
    apply: (target) => new target(clock().now()).toString(),
    get: (target, key, receiver) => (key === 'now' ? () => clock().now() : Reflect.get(target, key, receiver)),
  })
