import type { Failure } from '../../../model/failure.ts'
import { permanent } from '../../../model/permanence.ts'
import type { TransactionRecord } from '../../../model/record.ts'

/** The text of every planted error and every malformed document: if it reaches a log or a record, values leak there (G16). */
export const plantedText = 'planted-by-the-simulation'

/** The error of every planted failure. It is one object, because a stack for each failure would be expensive. */
export const plantedError = Object.freeze(new Error(plantedText))

/** The error of a failure that a module declares permanent. */
export const plantedPermanentError = Object.freeze(permanent(new Error(plantedText)))

/** The error of a server that cannot be reached, as drivers wrap it. */
export const plantedOutageError = Object.freeze(
  new Error(plantedText, { cause: Object.assign(new Error(plantedText), { code: 'ECONNREFUSED' }) }),
)

/** True if a log entry contains the planted text. */
export const hasPlantedText = (entry: TransactionRecord | Failure, message = ''): boolean => {
  const hasFailed = !('outcome' in entry) || 'failures' in entry
  return hasFailed && (message.includes(plantedText) || JSON.stringify(entry).includes(plantedText))
}

/** Returns a thenable that resolves, rejects, and resolves again, like a callback that is called twice. */
export const settlingTwice = <T>(settled: Promise<T>): Promise<T> => {
  const thenable = {
    // biome-ignore lint/suspicious/noThenProperty: it must be a thenable
    then: (resolve: (value: T) => void, reject: (error: unknown) => void): void => {
      settled.then((value) => {
        resolve(value)
        reject(plantedError)
        resolve(value)
      }, reject)
    },
  }
  return thenable as unknown as Promise<T>
}
