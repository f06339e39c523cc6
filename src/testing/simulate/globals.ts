import { syncBuiltinESMExports } from 'node:module'
import timers from 'node:timers'
import timersPromises from 'node:timers/promises'
import type { Clock, TimerHandle } from '../../clock.ts'

/** A timer as Node's functions hand it out: one may call `unref` and the like on it. */
class VirtualTimer {
  handle: TimerHandle
  readonly #clear: () => void

  constructor(clear: () => void) {
    this.#clear = clear
  }

  ref(): this {
    return this
  }

  unref(): this {
    return this
  }

  hasRef(): boolean {
    return true
  }

  refresh(): this {
    return this
  }

  close(): void {
    this.#clear()
  }

  [Symbol.dispose](): void {
    this.#clear()
  }
}

type Callback = (...all: unknown[]) => void

/** Node's timer functions on a clock. */
const timersOn = (clock: () => Clock) => {
  const setTimer = (callback: Callback, ms: number | undefined, all: unknown[], repeats: boolean): VirtualTimer => {
    const owner = clock()
    const timer = new VirtualTimer(() => owner.clearTimeout(timer.handle))
    const arm = (): void => {
      timer.handle = owner.setTimeout(() => {
        if (repeats) arm()
        callback(...all)
      }, ms ?? 1)
    }
    arm()
    return timer
  }
  const clearTimer = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.close()
  }
  return {
    setTimeout: (callback: Callback, ms?: number, ...all: unknown[]) => setTimer(callback, ms, all, false),
    setInterval: (callback: Callback, ms?: number, ...all: unknown[]) => setTimer(callback, ms, all, true),
    clearTimeout: clearTimer,
    clearInterval: clearTimer,
  }
}

/** `setTimeout` of node:timers/promises on a clock. */
const sleepOn =
  (clock: () => Clock) =>
  <T>(ms?: number, value?: T, { signal }: { readonly signal?: AbortSignal } = {}): Promise<T | undefined> =>
    new Promise((resolve, reject) => {
      const abort = (): void => reject(new DOMException('The operation was aborted', 'AbortError'))
      if (signal?.aborted === true) return abort()
      const owner = clock()
      const handle = owner.setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve(value)
      }, ms ?? 1)
      const stop = (): void => {
        owner.clearTimeout(handle)
        abort()
      }
      signal?.addEventListener('abort', stop, { once: true })
    })

const timeoutSignalOn =
  (clock: () => Clock) =>
  (ms: number): AbortSignal => {
    const controller = new AbortController()
    clock().setTimeout(() => controller.abort(new DOMException('The operation timed out', 'TimeoutError')), ms)
    return controller.signal
  }

/**
 * Puts the global timers, `Date.now`, `performance.now`, `AbortSignal.timeout` and `node:timers/promises` on a clock, for
 * appliers that use them. One simulation at a time may do so.
 *
 * @returns the function that puts everything back
 */
export const installVirtualGlobals = (clock: () => Clock): (() => void) => {
  const patches: [object, Record<string, unknown>][] = [
    [globalThis, timersOn(clock)],
    [timers, timersOn(clock)],
    [timersPromises, { setTimeout: sleepOn(clock) }],
    [Date, { now: () => clock().now() }],
    [performance, { now: () => clock().monotonic() }],
    [AbortSignal, { timeout: timeoutSignalOn(clock) }],
  ]
  const before = patches.map(([on, replaced]) => {
    const names = Object.keys(replaced)
    return names.map((name) => [on, name, Object.getOwnPropertyDescriptor(on, name)] as const)
  })
  for (const [on, replaced] of patches) {
    for (const [name, value] of Object.entries(replaced)) {
      Object.defineProperty(on, name, { value, configurable: true, writable: true, enumerable: true })
    }
  }
  syncBuiltinESMExports()
  return () => {
    for (const [on, name, descriptor] of before.flat()) {
      if (descriptor === undefined) Reflect.deleteProperty(on, name)
      else Object.defineProperty(on, name, descriptor)
    }
    syncBuiltinESMExports()
  }
}
