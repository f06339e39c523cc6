import { guardCallback, type ReportError } from './guarded-callback.ts'

/**
 * An `AbortController` whose signal is given to user code. What listeners throw is reported: Node would end the process
 * with it, one tick later, since an `EventTarget` has no caller that could catch it.
 *
 * The signal is a plain `AbortSignal` in every other respect, so `fetch`, `AbortSignal.any` and Node's own functions take
 * it.
 */
export class GuardedAbortController {
  readonly signal: AbortSignal
  readonly #controller = new AbortController()
  readonly #report: ReportError

  /** @param report called with each error of a listener; must not throw */
  constructor(report: ReportError) {
    this.#report = report
    this.signal = guardListeners(this.#controller.signal, report)
  }

  abort(reason?: unknown): void {
    reportTicks(this.#report, () => this.#controller.abort(reason))
  }
}

type Listener = NonNullable<Parameters<AbortSignal['addEventListener']>[1]>

/** Wraps each listener. `onabort` comes here too: its setter adds a listener. */
const guardListeners = (signal: AbortSignal, report: ReportError): AbortSignal => {
  // The same listener again must be the same to `removeEventListener`. Made for the first: most signals have none.
  let guards: WeakMap<object, Listener> | undefined
  const guardOf = (listener: Listener): Listener => {
    if (!isListener(listener)) return listener // refused or ignored, as by any signal
    guards ??= new WeakMap()
    const guard = guards.get(listener) ?? guardListener(listener, report)
    guards.set(listener, guard)
    return guard
  }
  const wrap = (method: 'addEventListener' | 'removeEventListener'): PropertyDescriptor => {
    const value = (type: string, listener: unknown, options?: unknown): void =>
      EventTarget.prototype[method].call(signal, type, guardOf(listener as Listener), options as never)
    return { value, writable: true, configurable: true }
  }
  return Object.defineProperties(signal, {
    addEventListener: wrap('addEventListener'),
    removeEventListener: wrap('removeEventListener'),
  })
}

const isListener = (value: unknown): value is Listener =>
  typeof value === 'function' || (typeof value === 'object' && value !== null)

const guardListener = (listener: Listener, report: ReportError): Listener =>
  guardCallback(function (this: unknown, event: Event): unknown {
    return typeof listener === 'function' ? listener.call(this as never, event) : listener.handleEvent(event)
  }, report)

/**
 * Reports what fails in the ticks that `task` schedules. Signals made with `AbortSignal.any` have listeners of their own,
 * which no wrapper sees; Node throws their errors in a tick, and a stream that was destroyed emits its error in one.
 */
const reportTicks = (report: ReportError, task: () => void): void => {
  const { nextTick } = process
  const guarded = ((callback: (...args: unknown[]) => unknown, ...args: unknown[]): void =>
    nextTick(typeof callback === 'function' ? guardCallback(callback, report) : callback, ...args)) as typeof nextTick
  process.nextTick = guarded
  try {
    task()
  } finally {
    if (process.nextTick === guarded) process.nextTick = nextTick
  }
}
