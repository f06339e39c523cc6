import type { TransactionRecord } from '../../../model/record.ts'
import { isSameRevision, type Revision } from '../../../model/revision.ts'
import type { Scenario } from '../scenario/scenario.ts'
import type { ReferenceModel } from './reference-model.ts'
import type { Breach } from './run-log.ts'

/** Checks the terminal records of one process against its reference model, and against the records before. */
export class RecordInvariants {
  readonly #model: ReferenceModel
  readonly #breach: Breach
  readonly #needsConfirmation: boolean
  readonly #hasContentNames: boolean
  #committed: Revision | undefined
  #serving: Revision | undefined
  /** The revision of the last transaction, if it serves. */
  #last: Revision | undefined
  #lastEpoch = 0
  #hasServed = false
  #count = 0

  constructor(model: ReferenceModel, breach: Breach, { confirmMs, names }: Scenario) {
    this.#model = model
    this.#breach = breach
    this.#needsConfirmation = confirmMs !== undefined
    this.#hasContentNames = names === 'content'
  }

  /** The number of records so far. */
  get count(): number {
    return this.#count
  }

  /** Checks a terminal record when it is written. */
  onRecord(record: TransactionRecord, maxMs: number, soakMs: number): void {
    const { outcome, epoch, durationMs } = record
    const { calls } = this.#model
    this.#count += 1
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
    this.#checkRedelivery(record)
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
    const forgotten = outcome === 'degraded' ? this.#model.degraded.find((name) => !degraded.includes(name)) : undefined
    if (forgotten !== undefined) this.#breach('G2', `${forgotten} was degraded before, but the record does not name it`)
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

  /** Checks that a document which comes again, maybe at a later order, starts no transaction. */
  #checkRedelivery({ trigger, outcome, revision }: TransactionRecord): void {
    const isAgain = trigger === 'change' && outcome === 'unchanged' && isSameRevision(revision, this.#last)
    const isFromSource = trigger !== 'restore' && trigger !== 'revert'
    this.#last = isFromSource && (outcome === 'committed' || outcome === 'unchanged') ? revision : undefined
    // What a freeze has held is tried again, whatever it is. A name that stands for a content may come back.
    if (!isAgain || this.#model.wasFrozen || this.#hasContentNames) return
    this.#breach('G12', `revision ${revision?.name} came again, and has started a transaction`)
  }
}
