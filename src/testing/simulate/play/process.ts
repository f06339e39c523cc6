import type { Clock, TimerHandle } from '../../../api/clock.ts'
import type { VirtualClock } from '../../fakes/virtual-clock.ts'
import { Ledger } from '../check/reference-model.ts'

/** Stands for the globals, which do not say which module calls them; no module has this name. */
const SHARED = ''

/** One life of the simulated service: what it armed and called dies with it. */
export class SimulatedProcess {
  readonly number: number
  readonly ledger = new Ledger()
  readonly clock: Clock
  readonly #virtual: VirtualClock
  readonly #timers = new Set<TimerHandle>()
  readonly #sleeps = new Set<TimerHandle>()
  readonly #moduleClocks = new Map<string, { readonly clock: Clock; readonly timers: Set<TimerHandle> }>()
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

  /** The clock as a module is given it: its timers are counted beside. Without a name, that of the globals. */
  clockFor(module: string = SHARED): Clock {
    const known = this.#moduleClocks.get(module)
    if (known !== undefined) return known.clock
    const timers = new Set<TimerHandle>()
    const clock = this.#countingClock(timers)
    this.#moduleClocks.set(module, { clock, timers })
    return clock
  }

  #countingClock(timers: Set<TimerHandle>): Clock {
    return {
      now: this.clock.now,
      monotonic: this.clock.monotonic,
      setTimeout: (callback, ms) => {
        const handle = this.clock.setTimeout(() => {
          if (timers.delete(handle)) callback()
        }, ms)
        timers.add(handle)
        return handle
      },
      clearTimeout: (handle) => {
        timers.delete(handle)
        this.clock.clearTimeout(handle)
      },
    }
  }

  /** Timers that the module has armed, or may have armed by globals: one that waits for the real world has none. */
  timersOf(module: string = SHARED): number {
    const own = module === SHARED ? 0 : (this.#moduleClocks.get(module)?.timers.size ?? 0)
    return own + (this.#moduleClocks.get(SHARED)?.timers.size ?? 0)
  }

  /** Timers that all modules together have armed. */
  get moduleTimers(): number {
    let count = 0
    for (const { timers } of this.#moduleClocks.values()) count += timers.size
    return count
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
