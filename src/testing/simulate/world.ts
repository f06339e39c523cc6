import type { Applier, CompensatingApplier } from '../../applier.ts'
import type { NoModules, Reloader } from '../../face.ts'
import type { GoodStore } from '../../keeper/types.ts'
import { ChangeoverError } from '../../model/errors.ts'
import type { TransactionRecord } from '../../model/record.ts'
import type { Logger, ReloaderOptions } from '../../options.ts'
import type { UseLinks } from '../../registry.ts'
import { createReloader } from '../../reloader.ts'
import type { Reading, Source } from '../../source.ts'
import { memorySource } from '../memory-source.ts'
import { createVirtualClock } from '../virtual-clock.ts'
import { FaultyModules } from './faulty.ts'
import { Invariants } from './invariants.ts'
import type { SeenGeneration, SeenModule } from './ledger.ts'
import { deadlines, longestTransactionMs, settingsOf } from './limits.ts'
import { never, SimulatedProcess } from './process.ts'
import { seededRandom } from './random.ts'
import type { Fault, FaultPhase, Scenario, Step } from './scenario.ts'
import type { SimulationView, Subject, Violation } from './subject.ts'
import type { TraceEvent } from './trace.ts'

const restingStates = new Set(['idle', 'committed', 'rejected', 'rolled-back', 'degraded'])

/** One process with its reloader. */
interface Life<Config> {
  readonly process: SimulatedProcess
  readonly invariants: Invariants
  readonly reloader: Reloader<Config, NoModules>
  readonly records: TransactionRecord[]
  /** True once `start` has rejected: such a service ends. */
  hasFailed: boolean
}

/** What outlives a process: the source, the disk, time, and what the simulation has noted. */
export class World<Config> {
  readonly clock = createVirtualClock()
  readonly source = memorySource()
  readonly readings: Reading[] = []
  readonly trace: TraceEvent[] = []
  readonly violations: Violation[] = []
  readonly outcomes: Record<string, number> = {}
  readonly faultsReached: Record<string, number> = {}
  readonly sometimes = new Set<string>()
  /** A call that waits for something that neither time nor the simulation gives. */
  noProgress: string | undefined
  /** Performs a step in the midst of a call. */
  onDuring: (step: Step) => void = () => {}
  readonly #subject: Subject<Config>
  readonly #scenario: Scenario
  readonly #random: () => number
  readonly #disk = new Map<string, string>()
  readonly #faults: readonly Fault[]
  readonly #calls = new Map<string, number>()
  readonly #instances = new WeakMap<SeenGeneration, unknown>()
  readonly #badCloses = new Set<string>()
  #areFaultsOn = true
  #onHealed: () => void = () => {}
  readonly #healed = new Promise<void>((resolve) => {
    this.#onHealed = resolve
  })
  #processes = 0
  #life: Life<Config> | undefined

  constructor(subject: Subject<Config>, scenario: Scenario) {
    this.#subject = subject
    this.#scenario = scenario
    this.#random = seededRandom(scenario.seed)
    this.#faults = scenario.faults
  }

  get life(): Life<Config> | undefined {
    return this.#life
  }

  get isAlive(): boolean {
    return this.#life !== undefined && !this.#life.hasFailed && !this.#life.process.isDead
  }

  /** True where no transaction runs. */
  get isResting(): boolean {
    return !this.isAlive || restingStates.has(this.#life?.reloader.status().state ?? 'idle')
  }

  note(what: TraceEvent['what']): void {
    this.trace.push({ at: this.clock.monotonic(), process: this.#processes, what })
  }

  breach(invariant: string, message: string): void {
    if (this.violations.length < 20) this.violations.push({ invariant, message })
  }

  /** No planned failure of a module happens any more. */
  heal(): void {
    this.#areFaultsOn = false
    this.#onHealed()
    this.source.heal()
  }

  /** A new process starts, on the same source and the same disk. */
  boot(): void {
    this.#processes += 1
    const process = new SimulatedProcess(this.#processes, this.clock)
    const { ledger } = process
    const records: TransactionRecord[] = []
    const invariants = new Invariants(ledger, (invariant, message) => this.breach(invariant, message))
    const options = { ...settingsOf(this.#scenario), ...this.#subject.options } as unknown as Partial<
      ReloaderOptions<Config>
    >
    const reloader = createReloader<Config>({
      ...options,
      source: this.#sourceOf(process),
      schema: this.#subject.schema,
      clock: process.clock,
      random: this.#random,
      logger: this.#loggerOf(() => life),
      ...(this.#scenario.persists === true ? { lastKnownGood: this.#diskOf(process) } : {}),
    })
    const life: Life<Config> = { process, invariants, reloader, records, hasFailed: false }
    this.#life = life
    this.#subject.modules(this.#wrap(life))
    this.#subscribe(life)
    this.note({ kind: 'process', event: 'started' })
    reloader.start().catch((error: unknown) => {
      if (process.isDead || ledger.isClosing) return
      life.hasFailed = true
      const code = error instanceof ChangeoverError ? error.code : 'internal.error'
      this.note({ kind: 'process', event: 'start-failed', code })
    })
  }

  /** SIGKILL: what runs is gone; nothing is closed. */
  crash(): void {
    if (this.#life === undefined || this.#life.process.isDead) return
    this.note({ kind: 'process', event: 'crashed' })
    this.#life.process.kill()
  }

  /** After a close nothing is left: every generation closed once, no timer, nothing live. */
  closed({ process, invariants, reloader }: Life<Config>): void {
    const status = reloader.status()
    invariants.accounts(status)
    invariants.closed()
    if (process.pending > 0) this.breach('G18', `${process.pending} timers are left after close`)
    for (const [name, { live }] of Object.entries(status.modules)) {
      if (live > 0) this.breach('G18', `${name} has ${live} live generations after close`)
    }
  }

  /** True where a planned fault kept a close of the module from ending well. */
  wasHung(module: string): boolean {
    return this.#badCloses.has(module)
  }

  /** Has the user's invariants look, and ours, where the service is at rest. */
  look(): void {
    const life = this.#life
    if (life === undefined || life.hasFailed || life.process.isDead) return
    const { reloader, invariants } = life
    const status = reloader.status()
    invariants.accounts(status)
    if (status.serving === undefined) return
    const { config } = reloader
    invariants.whole(config, (name) => currentOf(reloader, name), this.#instances)
    if (!restingStates.has(status.state)) return
    invariants.atRest(status, config)
    this.#ask({ config: config as Config, status, modules: this.#modulesOf(life), records: life.records })
  }

  #ask(view: SimulationView<Config>): void {
    for (const [name, invariant] of Object.entries(this.#subject.invariants ?? {})) {
      try {
        invariant(view)
      } catch (error) {
        this.breach(name, error instanceof Error ? error.message : String(error))
      }
    }
    for (const [name, isSeen] of Object.entries(this.#subject.sometimes ?? {})) {
      if (!this.sometimes.has(name) && isSeen(view)) this.sometimes.add(name)
    }
  }

  #modulesOf({ reloader, process }: Life<Config>): Record<string, unknown> {
    const names = [...process.ledger.modules.keys()]
    return Object.fromEntries(names.map((name) => [name, currentOf(reloader, name)]))
  }

  /** The user's own function gets a reloader whose `use` wraps each applier first. */
  #wrap(life: Life<Config>): Reloader<Config, NoModules> {
    const { process, reloader } = life
    const faulty = new FaultyModules(process, this.#deskOf(life))
    const use = (name: string, select: (config: unknown) => unknown, applier: object, links: UseLinks = {}) => {
      const isCompensating = 'kind' in applier && applier.kind === 'compensating'
      const module = process.ledger.add(name, select, isCompensating, links)
      const wrapped = isCompensating
        ? faulty.compensating(module, applier as CompensatingApplier<unknown>)
        : faulty.applier(module, applier as Applier<unknown, unknown, object>)
      ;(reloader.use as unknown as (...all: unknown[]) => unknown)(name, select, wrapped, links)
      return facade
    }
    const facade: Reloader<Config, NoModules> = new Proxy(reloader, {
      get: (target, key) => (key === 'use' ? use : Reflect.get(target, key, target)),
    })
    return facade
  }

  #deskOf({ process, invariants }: Life<Config>) {
    return {
      take: (module: string, phase: FaultPhase) => this.#takeFault(process, module, phase),
      crash: () => this.crash(),
      called: (module: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined, slice?: unknown) => {
        if (process.isDead) return
        this.note({ kind: 'call', module: module.name, phase, generation: generation?.id ?? 0 })
        invariants.called(module, phase, generation, slice)
        this.#happen(module.name, phase)
      },
      waits: (module: SeenModule, phase: FaultPhase, by: 1 | -1) => {
        const key = `${module.name}.${phase}`
        process.waiting.set(key, (process.waiting.get(key) ?? 0) + by)
      },
      returned: (module: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined) => {
        if (process.isDead) return
        if (phase === 'close' && generation !== undefined) generation.hasClosed = true
        this.note({ kind: 'return', module: module.name, phase, generation: generation?.id ?? 0 })
      },
      healed: this.#healed,
      made: (generation: SeenGeneration, instance: unknown) => this.#instances.set(generation, instance),
      deadlineMs: (phase: FaultPhase) => deadlines[`${phase === 'undo' ? 'apply' : phase}Ms` as 'prepareMs'] ?? 0,
    }
  }

  /** What is to happen during this call happens now. */
  #happen(module: string, phase: FaultPhase): void {
    const call = this.#calls.get(`${module}.${phase}`)
    for (const during of this.#scenario.during ?? []) {
      if (during.module === module && during.phase === phase && during.call === call) this.onDuring(during.step)
    }
  }

  #takeFault(process: SimulatedProcess, module: string, phase: FaultPhase): Fault | undefined {
    if (process.isDead) return undefined
    const key = `${module}.${phase}`
    const call = (this.#calls.get(key) ?? 0) + 1
    this.#calls.set(key, call)
    if (!this.#areFaultsOn) return undefined
    const fault = this.#faults.find((one) => one.module === module && one.phase === phase && one.call === call)
    if (fault === undefined) return undefined
    const reached = `${phase} ${fault.kind}`
    this.faultsReached[reached] = (this.faultsReached[reached] ?? 0) + 1
    this.note({ kind: 'fault', module, phase, fault: fault.kind })
    if (phase === 'close') this.#badCloses.add(module)
    return fault
  }

  /** A dead process is answered nothing. */
  #sourceOf(process: SimulatedProcess): Source {
    const { source } = this
    return {
      name: source.name,
      endpoint: source.endpoint,
      read: async (signal) => {
        const reading = await source.read(signal)
        return process.isDead ? never<Reading>() : reading
      },
      watch: source.watch,
    }
  }

  #diskOf(process: SimulatedProcess): GoodStore {
    return {
      load: (name) => this.#disk.get(name),
      save: (name, text) => {
        if (!process.isDead) this.#disk.set(name, text)
      },
    }
  }

  /** Records are heard in the very turn in which they are written: by the logger. */
  #loggerOf(lifeOf: () => Life<Config>): Logger {
    const hear = (data: object): void => {
      const record = (data as { changeover?: TransactionRecord }).changeover
      if (record === undefined || !('outcome' in record)) return
      const life = lifeOf()
      if (!life.process.isDead) this.#recorded(life, record)
    }
    return { debug: hear, info: hear, warn: hear, error: hear }
  }

  #recorded({ invariants, process, records }: Life<Config>, record: TransactionRecord): void {
    records.push(record)
    this.outcomes[record.outcome] = (this.outcomes[record.outcome] ?? 0) + 1
    this.note({ kind: 'record', record })
    this.#noteStuck(process, record)
    invariants.recorded(record, longestTransactionMs(process.ledger.modules.size, this.#scenario))
    process.ledger.turn(degradedAfter(record, process.ledger.degraded))
  }

  /** A call that no fault keeps, that armed no timer, and that did not end: it waits for the real world. */
  #noteStuck({ waiting, moduleTimers }: SimulatedProcess, record: TransactionRecord): void {
    if (!('failures' in record) || moduleTimers > 0) return
    for (const { code, module, phase } of record.failures) {
      const called = phase === 'complete' ? 'apply' : phase
      const isTimeout = code.startsWith('module.') && code.endsWith('-timeout')
      if (isTimeout && (waiting.get(`${module}.${called}`) ?? 0) > 0) this.noProgress ??= `${module}, in ${called}`
    }
  }

  #subscribe({ reloader, process, invariants }: Life<Config>): void {
    let ticks = 0
    reloader.subscribe(
      () => ++ticks, // differs each time, so that a repair of an unchanged config is told too
      (_next, _previous, { direction }) => {
        if (process.isDead) return
        this.note({ kind: 'tick', direction })
        if (direction === 'back') process.ledger.swapBack()
        else process.ledger.swap(reloader.config)
        if (reloader.status().serving === undefined) return
        invariants.whole(reloader.config, (name) => currentOf(reloader, name), this.#instances)
      },
    )
  }
}

const currentOf = (reloader: Reloader<never, NoModules> | object, name: string): unknown =>
  (reloader as { modules: Record<string, { current: unknown }> }).modules[name]?.current

const degradedAfter = (record: TransactionRecord, before: readonly string[]): readonly string[] => {
  if (record.outcome === 'degraded') return record.degraded
  return record.outcome === 'committed' ? [] : before
}
