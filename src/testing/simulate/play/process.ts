import type { Clock, TimerHandle } from '../../../api/clock.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { VirtualClock } from '../../fakes/virtual-clock.ts'
import { ReferenceModel } from '../check/reference-model.ts'

/** Stands for the global timers, which do not know which module uses them. No module has this name. */
const SHARED = ''

/** One process of the simulated service: its timers and its calls end with it. */
export class SimulatedProcess {
  readonly model = new ReferenceModel()
  readonly clock: Clock
  readonly #virtual: VirtualClock
  readonly #timers = new Set<TimerHandle>()
  readonly #moduleClocks = new Map<string, { readonly clock: Clock; readonly timers: Set<TimerHandle> }>()
  /** The number of running calls that no fault delays, by module and phase. */
  readonly #runningCalls = new Map<string, number>()
  isDead = false
  /** True once its reloader has been closed: such a process ends by itself. */
  hasEnded = false

  constructor(virtual: VirtualClock) {
    this.#virtual = virtual
    this.clock = countingClock(virtual, this.#timers, () => this.isDead)
  }

  /** Returns the clock that a module is given, which counts the module's timers; without a name, that of the globals. */
  clockFor(module: string = SHARED): Clock {
    const known = this.#moduleClocks.get(module)
    if (known !== undefined) return known.clock
    const timers = new Set<TimerHandle>()
    const clock = countingClock(this.clock, timers, () => this.isDead)
    this.#moduleClocks.set(module, { clock, timers })
    return clock
  }

  /** True if it has neither died nor ended. */
  get isRunning(): boolean {
    return !this.isDead && !this.hasEnded
  }

  /** Returns a clock for one generation of a module, which also counts for the module, and the number of its timers. */
  clockForGeneration(module: string): { readonly clock: Clock; readonly pendingTimers: () => number } {
    const timers = new Set<TimerHandle>()
    const clock = countingClock(this.clockFor(module), timers, () => this.isDead)
    return { clock, pendingTimers: () => timers.size }
  }

  /** Counts the timers that the module has armed, or may have armed through the globals. */
  #timersOf(module: string = SHARED): number {
    const own = module === SHARED ? 0 : (this.#moduleClocks.get(module)?.timers.size ?? 0)
    return own + (this.#moduleClocks.get(SHARED)?.timers.size ?? 0)
  }

  /** The number of armed timers that do not belong to a module. */
  get pendingTimers(): number {
    return [...this.#moduleClocks.values()].reduce((count, { timers }) => count - timers.size, this.#timers.size)
  }

  /** Names the modules that have timers, with the number of these. Timers of the globals belong to some module. */
  get moduleTimers(): ReadonlyMap<string, number> {
    const armed = [...this.#moduleClocks].filter(([, { timers }]) => timers.size > 0)
    return new Map(armed.map(([name, { timers }]) => [name === SHARED ? 'a module' : name, timers.size]))
  }

  /** Runs a call that no fault delays. */
  async track<T>(module: string, phase: string, call: () => Promise<T>): Promise<T> {
    const key = `${module}.${phase}`
    this.#runningCalls.set(key, (this.#runningCalls.get(key) ?? 0) + 1)
    try {
      return await call()
    } finally {
      this.#runningCalls.set(key, (this.#runningCalls.get(key) ?? 0) - 1)
    }
  }

  /** True if a call of the module runs that neither a fault delays nor a timer can end. */
  waitsForRealWorld(module: string, phase: string): boolean {
    return (this.#runningCalls.get(`${module}.${phase}`) ?? 0) > 0 && this.#timersOf(module) === 0
  }

  /** Describes the call that waits for the real world, if the record has a timeout of such a call. */
  findStalledCall(record: TransactionRecord): string | undefined {
    if (!('failures' in record)) return undefined
    for (const { code, module, phase } of record.failures) {
      if (code === 'schema.timeout' && this.#timersOf() === 0) return 'the schema, in validate'
      if (module === undefined || !/^module\..*-timeout$/.test(code)) continue
      const call = phase === 'complete' ? 'apply' : (phase ?? 'prepare')
      if (this.waitsForRealWorld(module, call)) return `module ${module}, in ${call}`
    }
    return undefined
  }

  /** Waits on behalf of the simulation, with a timer that does not count as the service's. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#virtual.setTimeout(() => {
        if (!this.isDead) resolve()
      }, ms)
    })
  }

  /** Ends the process like SIGKILL: nothing of it runs any more. */
  kill(): void {
    this.isDead = true
    for (const handle of this.#timers) this.#virtual.clearTimeout(handle)
    this.#timers.clear()
  }
}

/** Wraps a clock: `timers` has the armed ones. A dead process arms none. */
const countingClock = (inner: Clock, timers: Set<TimerHandle>, isDead: () => boolean): Clock => ({
  now: inner.now,
  monotonic: inner.monotonic,
  setTimeout: (callback, ms) => {
    if (isDead()) return undefined
    const handle = inner.setTimeout(() => {
      if (timers.delete(handle)) callback()
    }, ms)
    timers.add(handle)
    return handle
  },
  clearTimeout: (handle) => {
    timers.delete(handle)
    inner.clearTimeout(handle)
  },
})

/** Returns a promise that stays pending: the answer to a call of a dead process. */
export const never = <T>(): Promise<T> => new Promise<T>(() => {})
