import type { Logger } from '../api/options.ts'
import { failureFields } from './log-fields.ts'
import { type ErrorCode, failure, type FailurePlace } from '../model/failure.ts'

/** Says at the start what an operator should know, with what to do about it. */
export const warnAtStart = (logger: Logger, code: ErrorCode, place?: FailurePlace): void => {
  const warning = failure(code, place)
  logger.warn(failureFields(warning), `${warning.message}. ${warning.hint}`)
}
