import type { Logger, ReloaderOptions } from '../../../api/options.ts'
import type { NoModules } from '../../../api/modules.ts'
import type { Reloader } from '../../../api/reloader.ts'
import type { ReadResult } from '../../../api/source.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import { ChangeoverError, type Failure } from '../../../model/failure.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import { createReloader } from '../../../reloader/reloader.ts'
import { isResting } from '../../../xstate/state-name.ts'
import { checkUserInvariants, Invariants } from '../check/invariants.ts'
import type { TransactionFacts } from '../check/quarantine-oracle.ts'
import { RecordInvariants } from '../check/record-invariants.ts'
import type { RestartOracle } from '../check/restart-oracle.ts'
import { checkConfirming, checkContent, checkTimes } from '../check/status-check.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { Subject } from '../scenario/subject.ts'
import type { Environment } from './environment.ts'
import { FaultInjection } from './fault-injection.ts'
import type { CallDeps } from './fault-plan.ts'
import { hasPlantedText, plantedError } from './planted-error.ts'
import type { SimulatedProcess } from './process.ts'
import { longestQuarantineMs, longestTransactionMs, reloaderOptionsOf } from './time-budget.ts'
import { wrapReloader } from './wrap-reloader.ts'

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
  readonly #recordInvariants: RecordInvariants
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
    this.#recordInvariants = new RecordInvariants(process.model, log.breach, scenario)
    this.#invariants = new Invariants(process.model, log.breach, this.#recordInvariants)
    this.reloader = this.#createReloader()
    subject.modules(wrapReloader(this.reloader, process.model, new FaultInjection(deps, this.#invariants)))
    this.#subscribe()
  }

  start(): void {
    const { log } = this.#deps
    log.note({ kind: 'process', event: 'started' })
    this.reloader.start().catch((error: unknown) => {
      if (this.process.isDead || this.process.model.isClosing) return
      this.hasFailed = true
      this.process.hasEnded = true
      this.checkClosed()
      const code = error instanceof ChangeoverError ? error.code : 'internal.error'
      log.note({ kind: 'process', event: 'start-failed', code })
    })
  }

  /** Closes the reloader. Call `noteClosed` some time later. */
  async close(): Promise<void> {
    this.process.model.isClosing = true
    await this.reloader.close()
  }

  /** Notes that the close has ended, with all that it has started, and checks what is left. */
  noteClosed(): void {
    if (this.process.isDead) return // by a planned crash during the close
    this.process.hasEnded = true
    this.#deps.log.note({ kind: 'process', event: 'closed' })
    this.checkClosed()
  }

  /** Notes in which state the process dies. */
  noteCrash(): void {
    this.#deps.log.noteCrash(this.reloader.status().state)
  }

  get oracle(): RestartOracle {
    return this.#deps.oracle
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
    const { subject, log, oracle, scenario, written, environment } = this.#deps
    this.#invariants.checkCounters(status)
    const confirmMs = Math.max(scenario.confirmMs ?? 0, scenario.soakMs ?? 0, 1)
    checkTimes(status, { now: this.process.clock.now(), quarantineMs: longestQuarantineMs, confirmMs }, log.breach)
    checkConfirming(status, { written, subject, breach: log.breach })
    const { openWatches } = environment
    if (openWatches > 1) log.breach('G18', `${openWatches} watches of the source are open at the same time`)
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

  /** Checks that nothing is left after a close: every generation was closed once, no timer is armed, nothing is live. */
  checkClosed(): void {
    const { log } = this.#deps
    const status = this.reloader.status()
    this.#invariants.checkCounters(status)
    this.#invariants.checkClosed()
    // Timers of modules do not count: a module may ignore its signal.
    const { pendingTimers } = this.process
    if (pendingTimers > 0) log.breach('G18', `${pendingTimers} timers are armed after close()`)
    const { openWatches } = this.#deps.environment
    if (openWatches > 0) log.breach('G18', `${openWatches} watches of the source are open after close()`)
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
      ...(scenario.persists === undefined || scenario.persists === false ? {} : { lastKnownGood: environment.disk() }),
    })
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
    log.noteNoProgress(this.process.findStalledCall(record))
    const isUnchanged = this.#served === undefined || this.reloader.config === this.#served
    if (record.outcome === 'rejected' && !isUnchanged) {
      log.breach('G14', 'a document that was rejected has changed the config')
    }
    const status = this.reloader.status()
    model.wasFrozen ||= status.frozen !== undefined
    this.#recordInvariants.onRecord(record, longestTransactionMs(model.modules.size, scenario), scenario.soakMs ?? 0)
    const { calledAt, permanentFailures } = model.running
    oracle.onRecord(record, { calledAt, permanentFailures, now: clock.monotonic(), ...this.#statusOf(record, status) })
    model.finishTransaction(record)
  }

  /** What serves, and how long the config of this record is not tried again by itself, as `status()` says. */
  #statusOf({ digest }: TransactionRecord, status: ReloaderStatus): Pick<TransactionFacts, 'serving' | 'heldMs'> {
    const { serving, quarantine } = status
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
