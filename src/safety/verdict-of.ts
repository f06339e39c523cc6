import { type Failure, failure } from '../model/failure.ts'
import { isLasting } from './lasting.ts'
import type { Verdict } from './quarantine.ts'

/** What a quarantine says of failures: the one that lasts, or else the first. */
export const verdictOf = (failures: readonly Failure[], wasExposed: boolean): Verdict => {
  const lasting = failures.find(isLasting)
  const [first = failure('internal.error')] = failures
  return { failure: lasting ?? first, isLasting: lasting !== undefined, wasExposed }
}
