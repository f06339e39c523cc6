import type { Clock } from '../api/clock.ts'

/** The part of a clock that XState uses. */
type Timers = Pick<Clock, 'setTimeout' | 'clearTimeout'>

/**
 * Makes the calls that machines ask for, in the same turn, once the event that made them ask has been processed. User
 * code that is called then finds every machine settled, and what it asks for itself takes effect at once.
 */
export class HostCalls {
  readonly #calls: (() => void)[] = []
  #depth = 0
  #isMaking = false

  /** Runs what sends an event to a machine, and then makes the calls, unless a caller further out does. */
  around(send: () => void): void {
    this.#depth += 1
    try {
      send()
    } finally {
      this.#depth -= 1
      if (this.#depth === 0) this.#make()
    }
  }

  /** Adds a call. It must not throw. */
  add(call: () => void): void {
    this.#calls.push(call)
    if (this.#depth === 0 && !this.#isMaking) queueMicrotask(() => this.#make())
  }

  /** A clock for machines: the events of their timers are events like any other. */
  timersOf(clock: Timers): Timers {
    return {
      setTimeout: (callback, ms) => clock.setTimeout(() => this.around(callback), ms),
      clearTimeout: (timer) => clock.clearTimeout(timer),
    }
  }

  #make(): void {
    if (this.#isMaking) return
    this.#isMaking = true
    try {
      // A call may add calls.
      for (let call = this.#calls.shift(); call !== undefined; call = this.#calls.shift()) call()
    } finally {
      this.#isMaking = false
    }
  }
}
