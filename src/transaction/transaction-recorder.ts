import type { Counters } from '../api/status.ts'
import type { EventBus } from './event-bus.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { Outcome, TransactionRecord, Unattended } from '../model/record.ts'
import type { Logger } from '../api/options.ts'
import { failureFields, recordFields } from './log-fields.ts'
import { RecordStream } from './record-stream.ts'
import type { Transaction } from './transaction.ts'

/** Writes exactly one terminal record for each transaction: counts it, logs it, and passes it on. */
export class TransactionRecorder {
  readonly #logger: Logger
  readonly #events: EventBus
  readonly #streams = new Set<RecordStream>()
  readonly #counters: Record<Outcome | 'reported', number> = {
    committed: 0,
    unchanged: 0,
    rejected: 0,
    'rolled-back': 0,
    superseded: 0,
    aborted: 0,
    degraded: 0,
    reported: 0,
  }
  #last: TransactionRecord | undefined
  #isClosed = false

  constructor(logger: Logger, events: EventBus) {
    this.#logger = logger
    this.#events = events
    events.channels.reportTo(this.report)
  }

  get counters(): Counters {
    return { ...this.#counters }
  }

  get last(): TransactionRecord | undefined {
    return this.#last
  }

  /** @param degraded the modules that may not serve the config */
  recordOutcome(transaction: Readonly<Transaction>, outcome: Outcome, degraded: readonly string[]): TransactionRecord {
    const record = Object.freeze(recordOf(transaction, outcome, degraded))
    this.#last = record
    this.#counters[outcome] += 1
    this.#log(record)
    for (const stream of this.#streams) stream.push(record)
    this.#events.announce({ kind: 'record', record })
    return record
  }

  /** Counts and logs a failure that belongs to no transaction: a late close, a timer's task, a listener. */
  readonly report = (failed: Failure): void => {
    this.#counters.reported += 1
    this.#logger.warn(failureFields(failed), failed.message)
    this.#events.reported(failed)
  }

  /** Terminal records from now on. */
  stream(signal: AbortSignal | undefined): AsyncIterableIterator<TransactionRecord> {
    const stream = new RecordStream(() => this.#streams.delete(stream), signal)
    if (this.#isClosed) stream.end()
    else this.#streams.add(stream)
    return stream
  }

  close(): void {
    this.#isClosed = true
    for (const stream of this.#streams) stream.end()
    this.#streams.clear()
  }

  #log(record: TransactionRecord): void {
    const message = `reload ${record.id}: ${record.outcome}`
    const data = recordFields(record)
    switch (record.outcome) {
      case 'committed':
        return this.#logger[record.restartRequired === undefined ? 'info' : 'warn'](
          data,
          `${message}${unattendedText(record)}`,
        )
      case 'rejected':
      case 'rolled-back':
        return this.#logger.warn(data, `${message}: ${textOf(record.failures[0])}`)
      case 'degraded':
        return this.#logger.error(data, `${message}: ${textOf(record.failures[0])}`)
      default:
        return this.#logger.debug(data, message)
    }
  }
}

/** What happened, where, and what to do next. */
const textOf = ({ message, hint }: Failure): string => `${message}. ${hint}`

const unattendedText = ({ unfollowed = [], restartRequired = [] }: Unattended): string =>
  [
    ...(restartRequired.length === 0 ? [] : [`; a restart is needed for ${listed(restartRequired)}`]),
    ...(unfollowed.length === 0 ? [] : [`; nothing follows ${listed(unfollowed)}`]),
  ].join('')

const listed = (paths: readonly string[]): string =>
  paths.length > 3 ? `${paths.slice(0, 3).join(', ')} and ${paths.length - 3} more` : paths.join(', ')

const recordOf = (
  transaction: Readonly<Transaction>,
  outcome: Outcome,
  degraded: readonly string[],
): TransactionRecord => {
  const { id, epoch, trigger, candidate, snapshot, startedAt, failures } = transaction
  const revision = candidate?.revision ?? snapshot?.revision
  const record = {
    id,
    epoch,
    trigger,
    ...(revision === undefined ? {} : { revision }),
    ...(snapshot === undefined ? {} : { digest: snapshot.digest }),
    startedAt,
    durationMs: transaction.timings.elapsedMs(),
    modules: transaction.moduleRecords(),
    ...transaction.findUnattended(),
    outcome,
  }
  switch (outcome) {
    case 'rejected':
    case 'rolled-back':
      return { ...record, outcome, failures: atLeastOne(failures) }
    case 'degraded':
      return { ...record, outcome, failures: atLeastOne(failures), degraded }
    default:
      return record as TransactionRecord
  }
}

const atLeastOne = ([first = failure('internal.error'), ...rest]: readonly Failure[]) => [first, ...rest] as const
