import type { Logger } from '../api/options.ts'
import type { FrozenStatus } from '../api/status.ts'
import { type Failure, failure, isChangeoverError } from '../model/failure.ts'
import type { TransactionRecord } from '../model/record.ts'

/** What a line about a failure says as fields, so that a log can be searched by them. `changeover` has all of it. */
export interface FailureFields {
  readonly changeover: Failure | undefined
  readonly code?: string
  readonly module?: string
  readonly phase?: string
  readonly revision?: string
}

/** What a line about a transaction says as fields. Code, module and phase are those of the first failure. */
export interface RecordFields extends Omit<FailureFields, 'changeover'> {
  readonly changeover: TransactionRecord
  readonly transaction: string
  readonly outcome: string
  readonly trigger: string
  readonly durationMs: number
}

/** Returns the fields of a line about a failure. */
export const failureFields = (failed: Failure | undefined): FailureFields => ({
  changeover: failed,
  ...(failed === undefined ? {} : placeFields(failed)),
})

/** Returns the fields of a line about a transaction. */
export const recordFields = (record: TransactionRecord): RecordFields => {
  const { id, outcome, trigger, revision, durationMs } = record
  const [first] = 'failures' in record ? record.failures : []
  return {
    changeover: record,
    transaction: id,
    outcome,
    trigger,
    ...(revision === undefined ? {} : { revision: revision.name }),
    durationMs: roundMs(durationMs),
    ...(first === undefined ? {} : placeFields(first)),
  }
}

/** Rounds a time for people: to a tenth below 10 ms, else to a whole millisecond. */
const roundMs = (ms: number): number => (ms < 10 ? Math.round(ms * 10) / 10 : Math.round(ms))

const placeFields = ({ code, module, phase, revision }: Failure) => ({
  code,
  ...(module === undefined ? {} : { module }),
  ...(phase === undefined ? {} : { phase }),
  ...(revision === undefined ? {} : { revision }),
})

/** Logs that changes are frozen, why and by whom. */
export const logFrozen = (logger: Logger, { reason, by, since }: FrozenStatus): void => {
  const who = by === undefined ? {} : { by }
  const whom = by === undefined ? '' : ` by ${by}`
  logger.info(
    { changeover: { frozen: { reason, ...who, since } }, reason, ...who },
    `Changes are frozen${whom}: ${reason}`,
  )
}

/** Logs why a call of an operator was refused. */
export const logRefusedCall = (logger: Logger, error: unknown): void => {
  const [refused] = isChangeoverError(error) ? error.failures : [failure('internal.error', {}, error)]
  logger.warn(failureFields(refused), `A call was refused: ${refused?.message}`)
}
