import { isEqual } from '../../../model/data/plain.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { Revision } from '../../../model/revision.ts'
import { ignoreRejection, isThenable } from '../../../async/thenable.ts'
import type { FaultPhase } from '../scenario/scenario.ts'
import type { SimulationView, Subject } from '../scenario/subject.ts'
import { type Prepared, type ReferenceModel, type SeenGeneration, type SeenModule, sliceOf } from './reference-model.ts'
import type { Breach, RunLog } from './run-log.ts'
import { errorText } from './stray-errors.ts'

/** Checks the guarantees, as far as they are visible from outside, against the reference model of one process. */
export class Invariants {
  readonly #model: ReferenceModel
  readonly #breach: Breach
  readonly #needsConfirmation: boolean
  #committed: Revision | undefined
  #serving: Revision | undefined
  #lastEpoch = 0
  #hasServed = false
  #records = 0

  constructor(model: ReferenceModel, breach: Breach, needsConfirmation: boolean) {
    this.#model = model
    this.#needsConfirmation = needsConfirmation
    this.#breach = breach
  }

  /** Checks a call of a module at the moment when it begins. */
  onCall(module: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined, prepared?: Prepared): void {
    if (prepared !== undefined) this.#onPrepare(module, prepared)
    if (phase === 'commit') this.#onCommit(module, generation)
    if (phase === 'rollback') this.#onRollback(module, generation)
    if (phase === 'close') this.#onClose(module, generation)
    if (phase === 'apply') this.#model.running.applies += 1
    if (phase === 'check') this.#model.running.unchecked.add(module.name)
  }

  #onPrepare({ name, serving, needs, pendingRefreshes }: SeenModule, prepared: Prepared): void {
    const { running, degraded } = this.#model
    const mayDiffer =
      serving === undefined ||
      pendingRefreshes > 0 ||
      degraded.includes(name) ||
      needs.some((need) => running.prepares.includes(need)) ||
      !hasSameValues(prepared.needs, serving.needs) // such as an optional module that is switched off
    if (!mayDiffer && isEqual(prepared.slice, serving.slice))
      this.#breach('G7', `${name} is called although its slice and its needs have not changed`)
    const dependent = running.prepares.find((other) => this.#model.dependsOn(other, name))
    if (dependent !== undefined) this.#breach('G6', `${name} is prepared after ${dependent}, which depends on it`)
    if (running.commits.size > 0) this.#breach('G5', `${name} is prepared after the commit has begun`)
    for (const other of running.preparing) {
      if (this.#model.dependsOn(name, other))
        this.#breach('G6', `${name} is prepared before ${other} has been prepared`)
    }
    running.prepares.push(name)
    running.preparing.add(name)
  }

  #onCommit({ name }: SeenModule, generation: SeenGeneration | undefined): void {
    const { running } = this.#model
    const dependent = [...running.commits.keys()].find((other) => this.#model.dependsOn(other, name))
    if (dependent !== undefined) this.#breach('G6', `${name} is committed after ${dependent}, which depends on it`)
    running.commits.set(name, generation)
    if (generation?.hasClosed === true) this.#breach('G3', `${name} #${generation.id} is committed after its close`)
  }

  #onRollback({ name }: SeenModule, generation: SeenGeneration | undefined): void {
    const { running } = this.#model
    const dependency = running.rollbacks.find((other) => this.#model.dependsOn(name, other))
    if (dependency !== undefined) this.#breach('G6', `${name} is rolled back after ${dependency}, on which it depends`)
    if (!running.commits.has(name)) this.#breach('G9', `${name} is rolled back although it was not committed`)
    if (generation?.hasClosed === true) this.#breach('G8', `${name} #${generation.id} is rolled back after its close`)
    running.rollbacks.push(name)
  }

  #onClose(module: SeenModule, generation: SeenGeneration | undefined): void {
    if (generation === undefined) return
    const { running, isClosing, modules } = this.#model
    const name = `${module.name} #${generation.id}`
    generation.closes += 1
    if (generation.closes > 1) this.#breach('G3', `${name} is closed twice`)
    const wasReplaced = running.before.get(module) === generation && module.serving !== generation
    if (wasReplaced && !isClosing) this.#breach('G8', `${name} is closed before its replacement has soaked`)
    if (module.serving === generation && !isClosing) this.#breach('G5', `${name} is closed while it serves`)
    if (!isClosing || module.serving !== generation) return
    for (const other of modules.values()) {
      const isOpen = other.serving !== undefined && other.serving.closes === 0
      if (isOpen && other.dependencies.has(module.name)) {
        this.#breach('G6', `${name} is closed before ${other.name}, which depends on it`)
      }
    }
  }

  /** Checks, whenever code may read the config, that all modules serve one whole snapshot. */
  checkSnapshot(config: unknown, currentOf: (module: string) => unknown): void {
    for (const module of this.#model.modules.values()) {
      if (module.isCompensating) continue
      const { serving, name } = module
      const slice = sliceOf(module, config)
      if (!isEqual(slice, serving?.slice)) this.#breach('G1', `${name} does not serve the slice of the config`)
      if (currentOf(name) !== serving?.instance)
        this.#breach('G1', `${name}.current is not the instance that was committed last`)
    }
  }

  /** Checks, when no transaction runs, that every module that is not degraded serves the config. */
  checkAtRest({ state, degraded }: ReloaderStatus, config: unknown): void {
    if (state !== 'degraded' && degraded.length > 0) {
      this.#breach('G2', `status() names ${degraded.join()} as degraded in the state ${state}`)
    }
    for (const module of this.#model.modules.values()) {
      if (!module.isCompensating || degraded.includes(module.name)) continue
      const slice = sliceOf(module, config)
      const applied = module.applied === 'unknown' ? 'unknown' : module.applied?.slice
      if (!isEqual(slice, applied)) {
        this.#breach('G2', `${module.name} has not applied the slice of the config`)
      }
    }
  }

  /** Checks a terminal record when it is written. */
  onRecord(record: TransactionRecord, maxMs: number, soakMs: number): void {
    const { outcome, epoch, durationMs } = record
    const { calls } = this.#model
    this.#records += 1
    if (epoch <= this.#lastEpoch) {
      this.#breach('G17', `transaction ${epoch} has two records, or its record comes after that of a later one`)
    }
    this.#lastEpoch = epoch
    if (outcome === 'rejected' && calls > 0) this.#breach('G4', 'a module was called for a document that was rejected')
    if (outcome === 'unchanged' && calls > 0) this.#breach('G7', 'a module was called although nothing has changed')
    if ('failures' in record && record.failures.length === 0) this.#breach('G9', `${outcome} without a failure`)
    if (durationMs > maxMs) this.#breach('G10', `a transaction took ${durationMs} ms; its deadlines allow ${maxMs} ms`)
    this.#checkRollback(record)
    if (outcome === 'committed') this.#checkSoak(record, soakMs)
    if (outcome === 'committed' || outcome === 'unchanged') this.#checkOrder(record)
  }

  /** Checks that a config that did not stay was rolled back in every module, and that the record names failed rollbacks. */
  #checkRollback(record: TransactionRecord): void {
    const { commits, rollbacks, rollbackFailures } = this.#model.running
    const { outcome } = record
    // A first config that fails its soak has no config to go back to, so it stays.
    const isBack = outcome === 'rolled-back' || outcome === 'superseded' || (outcome === 'degraded' && this.#hasServed)
    for (const name of commits.keys()) {
      if (isBack && !rollbacks.includes(name)) this.#breach('G9', `${name} was committed but not rolled back`)
    }
    const degraded = outcome === 'degraded' ? record.degraded : []
    for (const name of rollbackFailures) {
      if (!degraded.includes(name))
        this.#breach('G2', `the rollback of ${name} failed, but the record does not name it`)
    }
  }

  #checkSoak({ trigger, durationMs }: TransactionRecord, soakMs: number): void {
    const hasSoaked = trigger === 'restore' || durationMs >= soakMs
    if (!hasSoaked) this.#breach('G8', `a transaction ended after ${durationMs} ms; its soak is ${soakMs} ms`)
    const [unchecked] = this.#model.running.unchecked
    // A confirmation ends the soak, even while a check runs.
    if (unchecked !== undefined && !this.#needsConfirmation) {
      this.#breach('G8', `a transaction is committed although the last check of ${unchecked} failed`)
    }
    this.#hasServed = true
  }

  /** Checks that within a lineage no older revision follows a newer one, unless an operator asked for that. */
  #checkOrder({ trigger, revision }: TransactionRecord): void {
    const isBack = trigger === 'revert' || trigger === 'restore'
    const last = this.#committed
    // A refresh while changes are frozen commits what serves again, which may be what a revert has chosen.
    const isAgain = revision?.lineage === this.#serving?.lineage && revision?.name === this.#serving?.name
    this.#serving = revision ?? this.#serving
    if (revision === undefined || isBack || isAgain) return
    // Does not call `isOlder` of the model, because the code under test must not judge itself.
    const isOlder = revision.lineage === last?.lineage && revision.order < last.order && revision.name !== last.name
    if (isOlder && trigger !== 'repair')
      this.#breach('G12', `revision ${revision.name} is committed after ${last.name}`)
    this.#committed = revision
  }

  /** Checks, at any time, that the counters of `status()` add up and agree with the model. */
  checkCounters({ modules, counters }: ReloaderStatus): void {
    for (const [name, { opened, closed, live, leaked }] of Object.entries(modules)) {
      const seen = this.#model.modules.get(name)
      if (opened !== closed + live + leaked) {
        this.#breach('G18', `${name}: ${opened} opened ≠ ${closed} closed + ${live} live + ${leaked} leaked`)
      }
      if (seen?.isCompensating === false && seen.made !== opened) {
        this.#breach('G18', `${name}: ${seen.made} generations were made, but status() counts ${opened}`)
      }
    }
    const { reported: _, ...outcomes } = counters
    const counted = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
    if (counted !== this.#records) {
      this.#breach('G17', `${this.#records} transactions were recorded, but status() counts ${counted}`)
    }
  }

  /** Checks, after `close()`, that every generation was closed exactly once. */
  checkClosed(): void {
    for (const { module, id, closes } of this.#model.generations) {
      if (closes !== 1) this.#breach('G3', `${module} #${id} was closed ${closes} times`)
    }
  }
}

const hasSameValues = (a: Readonly<Record<string, unknown>>, b: Readonly<Record<string, unknown>>): boolean =>
  Object.keys({ ...a, ...b }).every((key) => a[key] === b[key])

/** Checks the user's invariants, and notes which of the user's `sometimes` conditions are met. */
export const checkUserInvariants = <Config>(
  { invariants = {}, sometimes = {} }: Subject<Config>,
  view: SimulationView<Config>,
  log: RunLog,
): void => {
  for (const [name, invariant] of Object.entries(invariants)) call(name, log, () => invariant(view))
  for (const [name, condition] of Object.entries(sometimes)) {
    if (!log.sometimes.has(name) && call(name, log, () => condition(view)) === true) log.sometimes.add(name)
  }
}

/** Calls a function of the user. A throw is a violation, and so is a promise: it would describe a later moment. */
const call = <T>(name: string, log: RunLog, check: () => T): T | undefined => {
  try {
    const result = check()
    if (!isThenable(result)) return result
    ignoreRejection(result) // or it would count as a stray rejection
    log.breach(name, 'it is asynchronous: `invariants` and `sometimes` must return synchronously')
  } catch (error) {
    log.breach(name, error instanceof Error ? error.message : errorText(error), error)
  }
  return undefined
}
