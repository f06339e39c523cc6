import type { Applier, CompensatingApplier } from '../../../api/applier.ts'
import type { NoModules, Reloader } from '../../../api/reloader.ts'
import { ChangeoverError, type Failure } from '../../../model/failure.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { Logger, ReloaderOptions } from '../../../api/options.ts'
import type { UseLinks } from '../../../modules/registry.ts'
import { createReloader } from '../../../reloader/reloader.ts'
import { isResting } from '../../../xstate/state-name.ts'
import { FaultyModules, type FaultDesk, planted } from './fault-injection.ts'
import { Invariants } from '../check/invariants.ts'
import type { SeenGeneration } from '../check/reference-model.ts'
import { deadlines, longestTransactionMs, settingsOf } from './time-budget.ts'
import type { SimulatedProcess } from './process.ts'
import { degradedAfter, tellsPlanted } from './planted-error.ts'
import { stuckIn } from './stuck.ts'
import { askUsers } from '../check/user-checks.ts'
import type { World } from './simulation.ts'

/** One process of the service with its reloader: it hears all that is called, and holds the invariants against it. */
export class Life<Config> {
  readonly process: SimulatedProcess
  readonly reloader: Reloader<Config, NoModules>
  readonly #world: World<Config>
  readonly #invariants: Invariants
  readonly #records: TransactionRecord[] = []
  readonly #instances = new WeakMap<SeenGeneration, unknown>()
  /** Its logger and one of its listeners always throw: nothing may come of that. */
  readonly #isBadListener: boolean
  /** True once `start` has rejected: such a service ends. */
  hasFailed = false
  /** The config of the last tick. */
  #served: unknown
  /** Calls of a person's that nobody has answered yet. */
  unanswered = 0

  constructor(world: World<Config>, process: SimulatedProcess) {
    this.#world = world
    this.#isBadListener = world.scenario.seed % 2 === 1
    this.process = process
    const breach = (invariant: string, message: string): void => world.chronicle.breach(invariant, message)
    this.#invariants = new Invariants(process.ledger, breach, world.scenario.confirmMs !== undefined)
    this.reloader = this.#createReloader()
    world.subject.modules(this.#wrapped())
    this.#subscribe()
  }

  start(): void {
    const { chronicle } = this.#world
    chronicle.note({ kind: 'process', event: 'started' })
    this.reloader.start().catch((error: unknown) => {
      if (this.process.isDead || this.process.ledger.isClosing) return
      this.hasFailed = true
      this.lookClosed()
      const code = error instanceof ChangeoverError ? error.code : 'internal.error'
      chronicle.note({ kind: 'process', event: 'start-failed', code })
    })
  }

  get isAlive(): boolean {
    return !this.hasFailed && !this.process.isDead
  }

  /** What has ended in this process, oldest first. */
  get records(): readonly TransactionRecord[] {
    return this.#records
  }

  /** True where no transaction runs. */
  get isResting(): boolean {
    return !this.isAlive || isResting(this.reloader.status().state)
  }

  /** Has the user's invariants look, and ours, where the service is at rest. */
  look(): void {
    if (!this.isAlive) return
    const status = this.reloader.status()
    this.#invariants.accounts(status)
    if (status.serving === undefined) return
    const { config } = this.reloader
    this.#lookWhole()
    if (!isResting(status.state)) return
    this.#invariants.atRest(status, config)
    const { invariants, sometimes } = this.#world.subject
    if (invariants === undefined && sometimes === undefined) return
    const view = { config: config as Config, status, modules: this.#currents(), records: this.#records }
    askUsers(this.#world.subject, view, this.#world.chronicle)
  }

  /** After a close nothing is left: every generation closed once, no timer, nothing live. */
  lookClosed(): void {
    const { chronicle } = this.#world
    const status = this.reloader.status()
    this.#invariants.accounts(status)
    this.#invariants.closed()
    // What a module waits for by itself is its own; it may not have heeded its signal.
    const pending = this.process.pending - this.process.moduleTimers
    if (pending > 0) chronicle.breach('G18', `${pending} timers are left after close`)
    if (this.unanswered > 0) chronicle.breach('answers', `${this.unanswered} calls were never answered`)
    for (const [name, { live }] of Object.entries(status.modules)) {
      if (live > 0) chronicle.breach('G18', `${name} has ${live} live generations after close`)
    }
  }

  #createReloader(): Reloader<Config, NoModules> {
    const { scenario, subject, random } = this.#world
    const options = { ...settingsOf(scenario), ...subject.options } as unknown as Partial<ReloaderOptions<Config>>
    const outside = this.#world.outsideOf(this.process)
    return createReloader<Config>({
      ...options,
      source: outside.source(),
      schema: outside.schema(subject.schema),
      clock: this.process.clock,
      random,
      logger: this.#logger(),
      ...(scenario.persists === true ? { lastKnownGood: outside.disk() } : {}),
    })
  }

  /** What serves; undefined where the first config has been swapped back. */
  get #config(): unknown {
    try {
      return this.reloader.config
    } catch {
      return undefined
    }
  }

  #lookWhole(): void {
    this.#invariants.whole(this.reloader.config, (name) => this.#currentOf(name), this.#instances)
  }

  #currentOf(name: string): unknown {
    return (this.reloader as { modules: Record<string, { current: unknown }> }).modules[name]?.current
  }

  #currents(): Record<string, unknown> {
    return Object.fromEntries([...this.process.ledger.modules.keys()].map((name) => [name, this.#currentOf(name)]))
  }

  /** The user's own function gets a reloader whose `use` wraps each applier first. */
  #wrapped(): Reloader<Config, NoModules> {
    const { reloader, process } = this
    const faulty = new FaultyModules(process, this.#desk())
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

  #desk(): FaultDesk {
    const { process } = this
    const { plan, chronicle } = this.#world
    return {
      take: (module, phase) => {
        const fault = process.isDead ? undefined : plan.take(module, phase)
        if (fault !== undefined && phase === 'rollback') process.ledger.running.rollbackFailures.push(module)
        return fault
      },
      crash: () => this.#world.crash(),
      called: (module, phase, generation, slice) => {
        if (process.isDead) return
        chronicle.note({ kind: 'call', module: module.name, phase, generation: generation?.id ?? 0 })
        this.#invariants.called(module, phase, generation, slice)
        for (const step of plan.during(module.name, phase)) this.#world.onDuring(step)
      },
      waits: (module, phase, by) => {
        const key = `${module.name}.${phase}`
        process.waiting.set(key, (process.waiting.get(key) ?? 0) + by)
      },
      returned: (module, phase, generation) => {
        if (process.isDead) return
        if (phase === 'close' && generation !== undefined) generation.hasClosed = true
        if (phase === 'prepare') process.ledger.running.preparing.delete(module.name)
        if (phase === 'check') process.ledger.running.unchecked.delete(module.name)
        chronicle.note({ kind: 'return', module: module.name, phase, generation: generation?.id ?? 0 })
      },
      healed: plan.healed,
      made: (generation, instance) => this.#instances.set(generation, instance),
      deadlineMs: (phase) => deadlines[`${phase === 'undo' ? 'apply' : phase}Ms` as 'prepareMs'] ?? 0,
    }
  }

  /** Records are heard in the very turn in which they are written: by the logger. */
  #logger(): Logger {
    const hear = (data: object, message?: string): void => {
      const told = (data as { changeover?: TransactionRecord | Failure }).changeover
      if (told === undefined || this.process.isDead) return
      if (tellsPlanted(told, message)) this.#world.chronicle.breach('G16', 'what user code has thrown is in the log')
      if ('outcome' in told) this.#recorded(told)
      else if (told.code === 'attempt.died') this.#world.expectations.heardOfDeath()
      if (this.#isBadListener) throw planted()
    }
    return { debug: hear, info: hear, warn: hear, error: hear }
  }

  #recorded(record: TransactionRecord): void {
    const { chronicle, scenario, expectations, clock } = this.#world
    const { ledger } = this.process
    this.#records.push(record)
    chronicle.noteRecord(record)
    chronicle.noProgress ??= stuckIn(record, this.process)
    this.#requireSteady(record)
    this.#invariants.recorded(record, longestTransactionMs(ledger.modules.size, scenario), scenario.soakMs ?? 0)
    expectations.recorded(record, ledger.calls, clock.monotonic())
    ledger.turn(degradedAfter(record, ledger.degraded))
  }

  /** What was refused has changed nothing of what serves. */
  #requireSteady(record: TransactionRecord): void {
    const { chronicle } = this.#world
    const isSteady = this.#served === undefined || this.reloader.config === this.#served
    if (record.outcome === 'rejected' && !isSteady) chronicle.breach('G14', 'a refused document has changed the config')
  }

  #subscribe(): void {
    const { ledger } = this.process
    let ticks = 0
    this.reloader.subscribe(
      () => ++ticks, // differs each time, so that a repair of an unchanged config is told too
      (_next, _previous, { direction }) => {
        if (this.process.isDead) return
        this.#world.chronicle.note({ kind: 'tick', direction })
        if (direction === 'back') ledger.rollBack()
        else ledger.swap(this.reloader.config)
        this.#served = this.#config
        if (this.#served !== undefined) this.#lookWhole()
      },
    )
    if (!this.#isBadListener) return
    this.reloader.subscribe(
      () => ticks,
      () => {
        throw planted()
      },
    )
  }
}
