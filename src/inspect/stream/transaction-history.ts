import type { ReloaderEvent } from '../../api/internal/observation.ts'
import type { Diff, Difference } from '../../model/data/diff.ts'
import type { TransactionRecord } from '../../model/record.ts'
import type { InspectedTransaction, ReportedFailure, TransactionSummary } from './protocol.ts'
import { TransactionLog, type TransactionStart } from './transaction-log.ts'

const MAX_TRANSACTIONS = 200
/** A bound over all transactions together: two hundred transactions of ten thousand modules would fill the heap. */
const MAX_MODULES = 50_000
const MAX_REPORTED = 50
/** Longer values are cut: a value can be a megabyte, and two hundred transactions are kept. */
const MAX_VALUE_CHARACTERS = 500

/** Builds transactions from what is observed, and keeps the most recent ones. */
export class TransactionHistory {
  readonly #logs = new Map<string, TransactionLog>()
  readonly #reported: ReportedFailure[] = []
  #moduleCount = 0

  /** Adds an event, and returns the id of the transaction that it changed. */
  add(event: ReloaderEvent): string | undefined {
    switch (event.kind) {
      case 'began':
        return this.#begin({ id: event.transaction, epoch: event.epoch, trigger: event.trigger, startedAt: event.at })
      case 'planned':
        return this.#update(event.transaction, { plan: { ...event, diff: truncateValues(event.diff) } })
      case 'phase':
        this.#logs.get(event.transaction)?.addPhase(event)
        return event.transaction
      case 'record':
        return this.addRecord(event.record)
      case 'reported':
        this.#reported.push({ ...event.failure, at: event.at })
        if (this.#reported.length > MAX_REPORTED) this.#reported.shift()
        return undefined
      case 'closed':
        return undefined
    }
  }

  /** Ends a transaction. Its earlier events may be missing, if it ended before it was observed. */
  addRecord(record: TransactionRecord): string {
    const log = this.#logs.get(record.id) ?? new TransactionLog(record)
    this.#logs.set(record.id, log)
    return this.#update(record.id, { record }) ?? record.id
  }

  get(id: string): InspectedTransaction | undefined {
    return this.#logs.get(id)?.toTransaction()
  }

  get newest(): InspectedTransaction | undefined {
    return [...this.#logs.values()].at(-1)?.toTransaction()
  }

  /** Oldest first. */
  get summaries(): readonly TransactionSummary[] {
    return [...this.#logs.values()].map((log) => log.toSummary())
  }

  get reported(): readonly ReportedFailure[] {
    return [...this.#reported]
  }

  #begin(start: TransactionStart): string {
    const previous = [...this.#logs.values()].at(-1)
    if (previous?.outcome === 'superseded') previous.supersededBy = start.id
    this.#logs.set(start.id, new TransactionLog(start))
    this.#dropOldest()
    return start.id
  }

  /** Updates a transaction if it is still in the history. */
  #update(id: string, news: Partial<Pick<TransactionLog, 'plan' | 'record'>>): string | undefined {
    const log = this.#logs.get(id)
    if (log === undefined) return undefined
    const { changes } = log
    Object.assign(log, news)
    this.#moduleCount += log.changes - changes
    this.#dropOldest()
    return id
  }

  #dropOldest(): void {
    for (const [oldest, { changes }] of this.#logs) {
      const fits = this.#logs.size <= MAX_TRANSACTIONS && this.#moduleCount <= MAX_MODULES
      if (fits || this.#logs.size === 1) return
      this.#logs.delete(oldest)
      this.#moduleCount -= changes
    }
  }
}

/** Cuts the values of a diff that are long. */
export const truncateValues = ({ differences, count }: Diff): Diff => ({
  count,
  differences: differences.map(
    ({ from, to, ...difference }): Difference => ({
      ...difference,
      ...(from === undefined ? {} : { from: truncate(from) }),
      ...(to === undefined ? {} : { to: truncate(to) }),
    }),
  ),
})

/** Returns the value, or the start of its JSON followed by an ellipsis. */
const truncate = (value: unknown): unknown => {
  const text = JSON.stringify(value)
  return text.length <= MAX_VALUE_CHARACTERS ? value : `${text.slice(0, MAX_VALUE_CHARACTERS)}…`
}
