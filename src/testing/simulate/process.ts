import type { Clock, TimerHandle } from '../../clock.ts'
import type { VirtualClock } from '../virtual-clock.ts'
import { Ledger } from './ledger.ts'

/** One life of the simulated service: what it armed and called dies with it. */
export class SimulatedProcess {
  readonly number: number
  readonly ledger = new Ledger()
  readonly clock: Clock
  readonly #virtual: VirtualClock
  readonly #timers = new Set<TimerHandle>()
  readonly #sleeps = new Set<TimerHandle>()
  readonly #moduleTimers = new Set<TimerHandle>()
  /** Calls that run and that no fault holds back, by module and phase. */
  readonly waiting = new Map<string, number>()
  isDead = false

  constructor(number: number, virtual: VirtualClock) {
    this.#virtual = virtual
    this.number = number
    this.clock = {
      now: virtual.now,
      monotonic: virtual.monotonic,
      setTimeout: (callback, ms) => {
        if (this.isDead) return undefined
        const handle = virtual.setTimeout(() => {
          this.#timers.delete(handle)
          callback()
        }, ms)
        this.#timers.add(handle)
        return handle
      },
      clearTimeout: (handle) => {
        this.#timers.delete(handle)
        virtual.clearTimeout(handle)
      },
    }
  }

  /** The clock as modules are given it: their timers are counted beside. */
  readonly moduleClock: Clock = {
    now: () => this.clock.now(),
    monotonic: () => this.clock.monotonic(),
    setTimeout: (callback, ms) => {
      const handle = this.clock.setTimeout(() => {
        if (this.#moduleTimers.delete(handle)) callback()
      }, ms)
      this.#moduleTimers.add(handle)
      return handle
    },
    clearTimeout: (handle) => {
      this.#moduleTimers.delete(handle)
      this.clock.clearTimeout(handle)
    },
  }

  /** Timers that modules have armed: one that waits for the real world has none. */
  get moduleTimers(): number {
    return this.#moduleTimers.size
  }

  /** The simulation's own waiting, which is no timer of the service's. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const handle = this.#virtual.setTimeout(() => {
        this.#sleeps.delete(handle)
        if (!this.isDead) resolve()
      }, ms)
      this.#sleeps.add(handle)
    })
  }

  /** Timers that are armed. */
  get pending(): number {
    return this.#timers.size
  }

  /** Ends it as SIGKILL would: nothing of it runs any more. */
  kill(): void {
    this.isDead = true
    for (const handle of [...this.#timers, ...this.#sleeps]) this.#virtual.clearTimeout(handle)
    this.#timers.clear()
  }
}

/** What a dead process waits for. */
export const never = <T>(): Promise<T> => new Promise<T>(() => {})
