import type { Logger } from '../api/options.ts'
import { failureFields } from './log-fields.ts'
import type { Visibility } from '../model/visibility.ts'
import { type ErrorCode, failure, type FailurePlace } from '../model/failure.ts'

/** Says at the start what an operator should know, with what to do about it. */
export const warnAtStart = (logger: Logger, code: ErrorCode, place?: FailurePlace): void => {
  const warning = failure(code, place)
  logger.warn(failureFields(warning), `${warning.message}. ${warning.hint}`)
}

/** Warns once if paths will be shown with `*` because the schema does not say which keys it has, and where. */
export const warnOfHiddenNames = (logger: Logger, { hidden }: Visibility): void => {
  if (hidden.includes('*')) warnAtStart(logger, 'schema.names-hidden')
  else if (hidden.length > 0) warnAtStart(logger, 'schema.part-hidden', { path: hidden.join(', ') })
}

/** Warns once of paths of options that no config can have. */
export const warnOfUndeclared = (logger: Logger, paths: readonly string[]): void => {
  if (paths.length > 0) warnAtStart(logger, 'schema.undeclared-path', { detail: paths.join(', ') })
}
