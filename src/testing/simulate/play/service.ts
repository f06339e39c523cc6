import type { Applier, CompensatingApplier } from '../../../api/applier.ts'
import type { Logger, ReloaderOptions } from '../../../api/options.ts'
import type { NoModules } from '../../../api/modules.ts'
import type { Reloader } from '../../../api/reloader.ts'
import type { ReadResult } from '../../../api/source.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import { ChangeoverError, type Failure } from '../../../model/failure.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import { isSameRevision } from '../../../model/revision.ts'
import type { UseLinks } from '../../../modules/registry.ts'
import { createReloader } from '../../../reloader/reloader.ts'
import { isResting } from '../../../xstate/state-name.ts'
import { checkUserInvariants, Invariants } from '../check/invariants.ts'
import type { TransactionFacts } from '../check/quarantine-oracle.ts'
import type { RestartOracle } from '../check/restart-oracle.ts'
import { checkContent, checkTimes, configOf } from '../check/status-check.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Subject } from '../scenario/subject.ts'
import type { Environment } from './environment.ts'
import { FaultInjection } from './fault-injection.ts'
import type { CallDeps } from './fault-plan.ts'
import { hasPlantedText, plantedError } from './planted-error.ts'
import type { SimulatedProcess } from './process.ts'
import { longestQuarantineMs, longestTransactionMs, reloaderOptionsOf } from './time-budget.ts'

interface ServiceDeps<Config> extends CallDeps {
  readonly subject: Subject<Config>
  readonly scenario: Scenario
  readonly environment: Environment
  readonly oracle: RestartOracle
  readonly random: () => number
  /** The latest documents of the source, the newest last. */
  readonly written: readonly ReadResult[]
}

/** The service in one process: a real reloader, whose behaviour is compared with the reference model. */
export class SimulatedService<Config> {
  readonly process: SimulatedProcess
  readonly reloader: Reloader<Config, NoModules>
  /** The records of this process, oldest first. */
  readonly records: TransactionRecord[] = []
  readonly #deps: ServiceDeps<Config>
  readonly #invariants: Invariants
  /** With an odd seed, the logger and a listener always throw. That must have no effect. */
  readonly #hasFaultyListeners: boolean
  /** True when `start` has rejected: such a service ends. */
  hasFailed = false
  /** The config of the last commit. */
  #served: unknown
  /** Commands of an operator that have not settled. */
  pendingCommands = 0

  constructor(deps: ServiceDeps<Config>) {
    const { subject, scenario, process, log } = deps
    this.#deps = deps
    this.#hasFaultyListeners = scenario.seed % 2 === 1
    this.process = process
    this.#invariants = new Invariants(process.model, log.breach, scenario.confirmMs !== undefined)
    this.reloader = this.#createReloader()
    subject.modules(this.#wrapReloader())
    this.#subscribe()
  }

  start(): void {
    const { log } = this.#deps
    log.note({ kind: 'process', event: 'started' })
    this.reloader.start().catch((error: unknown) => {
      if (this.process.isDead || this.process.model.isClosing) return
      this.hasFailed = true
      this.checkClosed()
      const code = error instanceof ChangeoverError ? error.code : 'internal.error'
      log.note({ kind: 'process', event: 'start-failed', code })
    })
  }

  get isAlive(): boolean {
    return !this.hasFailed && !this.process.isDead
  }

  /** True if no transaction runs. */
  get isResting(): boolean {
    return !this.isAlive || isResting(this.reloader.status().state)
  }

  /** Checks our own invariants and, if no transaction runs, those of the user. */
  checkInvariants(): void {
    if (!this.isAlive) return
    const status = this.reloader.status()
    const { subject, log, oracle, scenario, written } = this.#deps
    this.#invariants.checkCounters(status)
    const limits = {
      quarantineMs: longestQuarantineMs,
      confirmMs: Math.max(scenario.confirmMs ?? 0, scenario.soakMs ?? 0, 1),
    }
    checkTimes(status, { now: this.process.clock.now(), ...limits }, log.breach)
    this.#checkConfirming(status)
    if (status.serving === undefined) return
    const { config } = this.reloader
    this.#checkSnapshot()
    if (!isResting(status.state)) return
    this.#invariants.checkAtRest(status, config)
    oracle.checkAtRest(status)
    checkContent(status, config, { written, subject, breach: log.breach })
    if (subject.invariants === undefined && subject.sometimes === undefined) return
    const names = [...this.process.model.modules.keys()]
    const modules = Object.fromEntries(names.map((name) => [name, this.#currentOf(name)]))
    const view = { config: config as Config, status, modules, records: this.records }
    checkUserInvariants(subject, view, log)
  }

  /** Checks that a valid document does not wait for the confirmation of the one before it. */
  #checkConfirming({ waiting, quarantine }: ReloaderStatus): void {
    const { written, subject, log } = this.#deps
    if (waiting?.reason !== 'confirmation' || quarantine.length > 0 || subject.options?.policies !== undefined) return
    const document = written.find(({ revision }) => isSameRevision(revision, waiting.revision))
    if (configOf(document, subject) !== undefined) {
      log.breach('confirm', `revision ${waiting.revision.name} waits for the confirmation of an older one`)
    }
  }

  /** Checks that nothing is left after a close: every generation was closed once, no timer is armed, nothing is live. */
  checkClosed(): void {
    const { log } = this.#deps
    const status = this.reloader.status()
    this.#invariants.checkCounters(status)
    this.#invariants.checkClosed()
    // Timers of modules do not count: a module may ignore its signal.
    const { pendingTimers } = this.process
    if (pendingTimers > 0) log.breach('G18', `${pendingTimers} timers are armed after close()`)
    if (this.pendingCommands > 0)
      log.breach('answers', `${this.pendingCommands} commands have not settled after close()`)
    for (const [name, { live }] of Object.entries(status.modules)) {
      if (live > 0) log.breach('G18', `${name} has ${live} live generations after close()`)
    }
  }

  #createReloader(): Reloader<Config, NoModules> {
    const { scenario, subject, random, environment } = this.#deps
    const options = { ...reloaderOptionsOf(scenario), ...subject.options } as unknown as Partial<
      ReloaderOptions<Config>
    >
    return createReloader<Config>({
      ...options,
      source: environment.source(),
      schema: environment.schema(subject.schema),
      clock: this.process.clock,
      random,
      logger: this.#createLogger(),
      ...(scenario.persists === true ? { lastKnownGood: environment.disk() } : {}),
    })
  }

  /** Returns the reloader for the user's `modules` function: its `use` wraps every applier. */
  #wrapReloader(): Reloader<Config, NoModules> {
    const { reloader, process } = this
    const injection = new FaultInjection(this.#deps, this.#invariants)
    const use = (name: string, select: (config: unknown) => unknown, applier: object, links: UseLinks = {}) => {
      const isCompensating = 'kind' in applier && applier.kind === 'compensating'
      const module = process.model.addModule(name, select, isCompensating, links)
      const wrapped = isCompensating
        ? injection.wrapCompensating(module, applier as CompensatingApplier<unknown>)
        : injection.wrapApplier(module, applier as Applier<unknown, unknown, object>)
      ;(reloader.use as unknown as (...args: unknown[]) => unknown)(name, select, wrapped, links)
      return facade
    }
    const facade: Reloader<Config, NoModules> = new Proxy(reloader, {
      get: (target, key) => (key === 'use' ? use : Reflect.get(target, key, target)),
    })
    return facade
  }

  /** Makes the logger through which the simulation gets each record in the very turn in which it is written. */
  #createLogger(): Logger {
    const { log, oracle } = this.#deps
    const onEntry = (data: object, message?: string): void => {
      const entry = (data as { changeover?: TransactionRecord | Failure }).changeover
      if (entry === undefined || this.process.isDead) return
      if (hasPlantedText(entry, message)) log.breach('G16', 'the text of an error from user code is in the log')
      if ('outcome' in entry) this.#onRecord(entry)
      else if (entry.code === 'attempt.died') oracle.onDeathReported()
      if (this.#hasFaultyListeners) throw plantedError
    }
    return { debug: onEntry, info: onEntry, warn: onEntry, error: onEntry }
  }

  #onRecord(record: TransactionRecord): void {
    const { log, scenario, oracle } = this.#deps
    const { model, clock } = this.process
    this.records.push(record)
    log.noteRecord(record)
    log.noProgress ??= this.process.findStalledCall(record)
    const isUnchanged = this.#served === undefined || this.reloader.config === this.#served
    if (record.outcome === 'rejected' && !isUnchanged) {
      log.breach('G14', 'a document that was rejected has changed the config')
    }
    this.#invariants.onRecord(record, longestTransactionMs(model.modules.size, scenario), scenario.soakMs ?? 0)
    const { calledAt, permanentFailures } = model.running
    oracle.onRecord(record, { calledAt, permanentFailures, now: clock.monotonic(), ...this.#statusOf(record) })
    model.finishTransaction(record)
  }

  /** What serves, and how long the config of this record is not tried again by itself, as `status()` says. */
  #statusOf({ digest }: TransactionRecord): Pick<TransactionFacts, 'serving' | 'heldMs'> {
    const { serving, quarantine } = this.reloader.status()
    const entry = quarantine.find((one) => one.digest === digest)
    const { nextTryAt = Number.POSITIVE_INFINITY } = entry ?? {}
    return { serving: serving?.digest, heldMs: entry && nextTryAt - this.process.clock.now() }
  }

  #subscribe(): void {
    const { log } = this.#deps
    const { model } = this.process
    let calls = 0
    this.reloader.subscribe(
      () => ++calls, // a new value each time, so that the listener is called for a repair of an unchanged config too
      (_next, _previous, { direction }) => {
        if (this.process.isDead) return
        log.note({ kind: direction === 'back' ? 'rollback' : 'commit' })
        if (direction === 'back') model.rollBack()
        else model.commit(this.reloader.config)
        this.#served = this.#config
        if (this.#served !== undefined) this.#checkSnapshot()
      },
    )
    if (!this.#hasFaultyListeners) return
    this.reloader.subscribe(
      () => calls,
      () => {
        throw plantedError
      },
    )
  }

  /** The config that serves, if any: the rollback of the first config leaves none. */
  get #config(): unknown {
    try {
      return this.reloader.config
    } catch {
      return undefined
    }
  }

  #checkSnapshot(): void {
    this.#invariants.checkSnapshot(this.reloader.config, (name) => this.#currentOf(name))
  }

  #currentOf(name: string): unknown {
    return (this.reloader as { modules: Record<string, { current: unknown }> }).modules[name]?.current
  }
}
