import { isEqual } from '../../../model/data/plain.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import { ignoreRejection, isThenable } from '../../../async/thenable.ts'
import type { FaultPhase } from '../scenario/scenario.ts'
import type { SimulationView, Subject } from '../scenario/subject.ts'
import type { RecordInvariants } from './record-invariants.ts'
import { type Prepared, type ReferenceModel, type SeenGeneration, type SeenModule, sliceOf } from './reference-model.ts'
import type { Breach, RunLog } from './run-log.ts'
import { errorText } from './stray-errors.ts'

/** Checks calls of modules and states at rest against the reference model of one process. */
export class Invariants {
  readonly #model: ReferenceModel
  readonly #breach: Breach
  readonly #records: RecordInvariants

  constructor(model: ReferenceModel, breach: Breach, records: RecordInvariants) {
    this.#model = model
    this.#records = records
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
    if (generation?.closedAt !== undefined) this.#breach('G3', `${name} #${generation.id} is committed after its close`)
  }

  #onRollback({ name }: SeenModule, generation: SeenGeneration | undefined): void {
    const { running } = this.#model
    const dependency = running.rollbacks.find((other) => this.#model.dependsOn(name, other))
    if (dependency !== undefined) this.#breach('G6', `${name} is rolled back after ${dependency}, on which it depends`)
    if (!running.commits.has(name)) this.#breach('G9', `${name} is rolled back although it was not committed`)
    if (generation?.closedAt !== undefined)
      this.#breach('G8', `${name} #${generation.id} is rolled back after its close`)
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
    const forgotten = this.#model.degraded.find((name) => !degraded.includes(name))
    if (forgotten !== undefined) this.#breach('G2', `${forgotten} is degraded, but status() does not name it`)
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
    if (counted !== this.#records.count) {
      this.#breach('G17', `${this.#records.count} transactions were recorded, but status() counts ${counted}`)
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
