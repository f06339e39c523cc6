import { isDeepStrictEqual } from 'node:util'
import type { TransactionRecord } from '../../../model/record.ts'
import type { Revision } from '../../../model/revision.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import { type Ledger, type SeenGeneration, type SeenModule, sliceOf } from './reference-model.ts'
import type { FaultPhase } from '../scenario/scenario.ts'

export type Breach = (invariant: string, message: string) => void

/** The guarantees, as far as they can be seen from outside, held against one process's ledger. */
export class Invariants {
  readonly #ledger: Ledger
  readonly #breach: Breach
  readonly #confirms: boolean
  #committed: Revision | undefined
  #lastEpoch = 0
  #hasServed = false
  #records = 0

  constructor(ledger: Ledger, breach: Breach, confirms: boolean) {
    this.#ledger = ledger
    this.#confirms = confirms
    this.#breach = breach
  }

  /** A module is called. */
  called(module: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined, slice: unknown): void {
    switch (phase) {
      case 'prepare':
        return this.#onPrepare(module, slice)
      case 'commit':
        return this.#onCommit(module, generation)
      case 'rollback':
        return this.#onRollback(module, generation)
      case 'close':
        return this.#onClose(module, generation)
      case 'apply':
        this.#ledger.running.applies += 1
        return
      case 'check':
        this.#ledger.running.unchecked.add(module.name)
        return
      case 'undo':
    }
  }

  #onPrepare({ name, serving, needs }: SeenModule, slice: unknown): void {
    const { running, degraded } = this.#ledger
    const mayDiffer =
      serving === undefined || degraded.includes(name) || needs.some((need) => running.prepares.includes(need))
    if (!mayDiffer && isDeepStrictEqual(slice, serving.slice))
      this.#breach('G7', `${name} is called, and nothing of it has changed`)
    const late = running.prepares.find((other) => this.#ledger.dependsOn(other, name))
    if (late !== undefined) this.#breach('G6', `${name} is prepared after ${late}, which comes after it`)
    if (running.commits.size > 0) this.#breach('G5', `${name} is prepared after the tick has begun`)
    for (const other of running.preparing) {
      if (this.#ledger.dependsOn(name, other)) this.#breach('G6', `${name} is prepared before ${other} has ended`)
    }
    running.prepares.push(name)
    running.preparing.add(name)
  }

  #onCommit(module: SeenModule, generation: SeenGeneration | undefined): void {
    const { running } = this.#ledger
    const late = [...running.commits.keys()].find((other) => this.#ledger.dependsOn(other, module.name))
    if (late !== undefined) this.#breach('G6', `${module.name} is committed after ${late}, which comes after it`)
    running.commits.set(module.name, generation)
    if (generation?.hasClosed === true)
      this.#breach('G3', `${module.name} #${generation.id} serves though it is closed`)
  }

  #onRollback(module: SeenModule, generation: SeenGeneration | undefined): void {
    const { running } = this.#ledger
    const late = running.rollbacks.find((other) => this.#ledger.dependsOn(module.name, other))
    if (late !== undefined) this.#breach('G6', `${module.name} is rolled back after ${late}, which comes before it`)
    if (!running.commits.has(module.name)) this.#breach('G9', `${module.name} is rolled back, but was not committed`)
    if (generation?.hasClosed === true)
      this.#breach('G8', `${module.name} #${generation.id} is rolled back when closed`)
    running.rollbacks.push(module.name)
  }

  #onClose(module: SeenModule, generation: SeenGeneration | undefined): void {
    if (generation === undefined) return
    const { running, isClosing, modules } = this.#ledger
    const name = `${module.name} #${generation.id}`
    generation.closes += 1
    if (generation.closes > 1) this.#breach('G3', `${name} is closed twice`)
    const wasReplaced = running.before.get(module) === generation && module.serving !== generation
    if (wasReplaced && !isClosing) this.#breach('G8', `${name} is closed before what replaced it has held`)
    if (module.serving === generation && !isClosing) this.#breach('G5', `${name} is closed while it serves`)
    if (!isClosing || module.serving !== generation) return
    for (const other of modules.values()) {
      const isOpen = other.serving !== undefined && other.serving.closes === 0
      if (isOpen && other.before.has(module.name)) this.#breach('G6', `${name} is closed before ${other.name}`)
    }
  }

  /** After a tick, or wherever else somebody may read: what serves is one whole snapshot. */
  whole(config: unknown, currentOf: (module: string) => unknown, instances: WeakMap<SeenGeneration, unknown>): void {
    for (const module of this.#ledger.modules.values()) {
      if (module.isCompensating) continue
      const { serving, name } = module
      const slice = sliceOf(module, config)
      if (!isDeepStrictEqual(slice, serving?.slice)) {
        this.#breach('G1', `${name} serves another slice than the config's`)
      }
      const instance = serving === undefined ? undefined : instances.get(serving)
      if (currentOf(name) !== instance) this.#breach('G1', `${name}.current is not what was committed last`)
    }
  }

  /** At rest: every module serves the config, but for those that `degraded` names. */
  atRest({ state, degraded }: ReloaderStatus, config: unknown): void {
    if (state !== 'degraded' && degraded.length > 0) this.#breach('G2', `${degraded.join()} are named in ${state}`)
    for (const module of this.#ledger.modules.values()) {
      if (!module.isCompensating || degraded.includes(module.name)) continue
      const slice = sliceOf(module, config)
      const applied = module.applied === 'unknown' ? 'unknown' : module.applied?.slice
      if (!isDeepStrictEqual(slice, applied)) this.#breach('G2', `${module.name} has not applied the config's slice`)
    }
  }

  /** A terminal record is written. */
  recorded(record: TransactionRecord, maxMs: number, soakMs: number): void {
    const { outcome, epoch, durationMs } = record
    const { calls } = this.#ledger
    this.#records += 1
    if (epoch <= this.#lastEpoch)
      this.#breach('G17', `transaction ${epoch} has two records, or comes after a later one`)
    this.#lastEpoch = epoch
    if (outcome === 'rejected' && calls > 0) this.#breach('G4', 'a module was called, and the document was rejected')
    if (outcome === 'unchanged' && calls > 0) this.#breach('G7', 'a module was called, and nothing was changed')
    if ('failures' in record && record.failures.length === 0) this.#breach('G9', `${outcome} without a failure`)
    if (durationMs > maxMs) this.#breach('G10', `a transaction took ${durationMs} ms; its deadlines allow ${maxMs}`)
    this.#ticksBack(record)
    if (outcome === 'committed') this.#held(record, soakMs)
    if (outcome === 'committed' || outcome === 'unchanged') this.#goesOn(record)
  }

  /** What holds has proved itself. */
  #held({ trigger, durationMs }: TransactionRecord, soakMs: number): void {
    const isProved = trigger === 'restore' || durationMs >= soakMs
    if (!isProved) this.#breach('G8', `a transaction holds after ${durationMs} ms; its soak is ${soakMs} ms`)
    const [unchecked] = this.#ledger.running.unchecked
    // Whoever confirms need not wait for the check that runs.
    if (unchecked !== undefined && !this.#confirms) {
      this.#breach('G8', `a transaction holds, and the last check of ${unchecked} has failed`)
    }
    this.#hasServed = true
  }

  /** Within a lineage nothing older comes after what has held, but by a person's word. */
  #goesOn({ trigger, revision }: TransactionRecord): void {
    const isBack = trigger === 'revert' || trigger === 'restore'
    const last = this.#committed
    if (revision === undefined || isBack) return
    // Said here anew: what is judged must not be the judge.
    const isOlder = revision.lineage === last?.lineage && revision.order < last.order && revision.name !== last.name
    if (isOlder && trigger !== 'repair')
      this.#breach('G12', `revision ${revision.name} is committed after ${last.name}`)
    this.#committed = revision
  }

  /** What did not hold was swapped back whole, the one that threw included; what could not be is named. */
  #ticksBack(record: TransactionRecord): void {
    const { commits, rollbacks, rollbackFailures } = this.#ledger.running
    const { outcome } = record
    // A first config that fails its soak has nothing to go back to, and serves on.
    const isBack = outcome === 'rolled-back' || outcome === 'superseded' || (outcome === 'degraded' && this.#hasServed)
    for (const name of commits.keys()) {
      if (isBack && !rollbacks.includes(name)) this.#breach('G9', `${name} was committed, and is not rolled back`)
    }
    const named = outcome === 'degraded' ? record.degraded : []
    for (const name of rollbackFailures) {
      if (!named.includes(name)) this.#breach('G2', `the rollback of ${name} failed, and nobody names it`)
    }
  }

  /** The accounts of the reloader and of the ledger, at any time. */
  accounts({ modules, counters }: ReloaderStatus): void {
    for (const [name, { opened, closed, live, leaked }] of Object.entries(modules)) {
      const seen = this.#ledger.modules.get(name)
      if (opened !== closed + live + leaked) this.#breach('G18', `${name}: ${opened} ≠ ${closed} + ${live} + ${leaked}`)
      if (seen?.isCompensating === false && seen.made !== opened) {
        this.#breach('G18', `${name}: ${seen.made} generations were made, ${opened} are accounted for`)
      }
    }
    const { reported: _, ...outcomes } = counters
    const counted = Object.values(outcomes).reduce((sum, count) => sum + count, 0)
    if (counted !== this.#records) this.#breach('G17', `${counted} transactions are counted, ${this.#records} recorded`)
  }

  /** After `close`: every generation was closed, exactly once. */
  closed(): void {
    for (const { module, id, closes } of this.#ledger.generations) {
      if (closes !== 1) this.#breach('G3', `${module} #${id} was closed ${closes} times`)
    }
  }
}
