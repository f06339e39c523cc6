import type { Failure } from '../../../model/failure.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import { plantedText } from './source-faults.ts'

/** What is planted is in every planned error, and in every malformed document. */
export const tellsPlanted = (told: TransactionRecord | Failure, message = ''): boolean => {
  const hasFailed = !('outcome' in told) || 'failures' in told
  return hasFailed && (message.includes(plantedText) || JSON.stringify(told).includes(plantedText))
}

/** The modules that are degraded once this is recorded. */
export const degradedAfter = (record: TransactionRecord, before: readonly string[]): readonly string[] => {
  if (record.outcome === 'degraded') return record.degraded
  return record.outcome === 'committed' ? [] : before
}
