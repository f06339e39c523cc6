import type { Difference, Diff } from '../../model/diff.ts'
import type { TransactionRecord } from '../../model/record.ts'
import type { Observed } from '../../api/observed.ts'
import { TransactionLog } from './transaction-log.ts'
import type { InspectedTransaction, ReportedFailure, TransactionHead } from './protocol.ts'

/** Transactions that are kept. */
const MAX_TRANSACTIONS = 200
/** Modules that are kept, of all transactions together: two hundred of ten thousand modules would fill a heap. */
const MAX_MODULES = 50_000
const MAX_REPORTED = 50

/** Puts transactions together from what happens, and keeps the last ones. */
export class History {
  readonly #logs = new Map<string, TransactionLog>()
  readonly #reported: ReportedFailure[] = []
  #modules = 0

  /** Takes a record of which nothing else was seen: it ended before anybody looked. */
  adopt(record: TransactionRecord): void {
    this.#end(record)
  }

  /** Notes what happened; answers the transaction that has changed by it. */
  note(event: Observed): string | undefined {
    switch (event.kind) {
      case 'began':
        return this.#begin(event)
      case 'planned':
        return this.#change(event.transaction, (log) => log.plan({ ...event, diff: shortened(event.diff) }))
      case 'phase':
        this.#logs.get(event.transaction)?.phase(event)
        return event.transaction
      case 'record':
        return this.#end(event.record)
      case 'reported':
        this.#reported.push({ ...event.failure, at: event.at })
        if (this.#reported.length > MAX_REPORTED) this.#reported.shift()
        return undefined
      case 'closed':
        return undefined
    }
  }

  get(id: string): InspectedTransaction | undefined {
    return this.#logs.get(id)?.whole()
  }

  get newest(): InspectedTransaction | undefined {
    return [...this.#logs.values()].at(-1)?.whole()
  }

  /** Oldest first. */
  get heads(): readonly TransactionHead[] {
    return [...this.#logs.values()].map((log) => log.head())
  }

  get reported(): readonly ReportedFailure[] {
    return [...this.#reported]
  }

  #begin({ transaction: id, epoch, trigger, at: startedAt }: Extract<Observed, { readonly kind: 'began' }>): string {
    const before = [...this.#logs.values()].at(-1)
    if (before?.outcome === 'superseded') before.supersededBy = id
    this.#logs.set(id, new TransactionLog({ id, epoch, trigger, startedAt }))
    this.#shrink()
    return id
  }

  #end(record: TransactionRecord): string {
    const log = this.#logs.get(record.id) ?? new TransactionLog(record)
    this.#logs.set(record.id, log)
    return this.#change(record.id, () => log.end(record)) ?? record.id
  }

  /** One that has left the history stays away. */
  #change(id: string, change: (log: TransactionLog) => void): string | undefined {
    const log = this.#logs.get(id)
    if (log === undefined) return undefined
    const { changes } = log
    change(log)
    this.#modules += log.changes - changes
    this.#shrink()
    return id
  }

  #shrink(): void {
    for (const [oldest, { changes }] of this.#logs) {
      const isSmall = this.#logs.size <= MAX_TRANSACTIONS && this.#modules <= MAX_MODULES
      if (isSmall || this.#logs.size === 1) return
      this.#logs.delete(oldest)
      this.#modules -= changes
    }
  }
}

/** Characters of a public value that are shown; a document of a megabyte must not be kept two hundred times. */
const MAX_VALUE = 500

const shortened = ({ differences, count }: Diff): Diff => ({
  count,
  differences: differences.map(
    ({ from, to, ...difference }): Difference => ({
      ...difference,
      ...(from === undefined ? {} : { from: short(from) }),
      ...(to === undefined ? {} : { to: short(to) }),
    }),
  ),
})

/** The value, or the beginning of its JSON with an ellipsis. */
const short = (value: unknown): unknown => {
  const text = JSON.stringify(value) ?? ''
  return text.length <= MAX_VALUE ? value : `${text.slice(0, MAX_VALUE)}…`
}
