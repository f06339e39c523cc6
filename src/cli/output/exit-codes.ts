import type { ErrorCode } from '../../model/failure.ts'

/** The exit codes of all commands. */
export const exitCodes = {
  done: 0,
  error: 1,
  differs: 2,
  refused: 3,
  timeout: 4,
  rolledBack: 5,
} as const

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]

/** What each exit code means, for the help. */
export const exitMeanings: readonly (readonly [ExitCode, string])[] = [
  [0, 'done, or nothing to do'],
  [1, 'error'],
  [2, 'there are differences'],
  [3, 'refused: schema, policy, conflict, or an answer that was not yes'],
  [4, 'waited too long'],
  [5, 'rolled back meanwhile'],
]

const refused: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'source.conflict',
  'policy.refused',
  'config.not-plain',
  'secret.invalid',
  'command.no-terminal',
  'command.declined',
  'command.superseded',
  'fleet.refused',
  'fleet.superseded',
  'fleet.disobeyed',
  'fleet.rollout-running',
  'fleet.preflight-failed',
])

const rolledBack: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'command.rolled-back',
  'fleet.rollout-failed',
  'fleet.rollout-lost',
  'fleet.rollout-aborted',
  'fleet.gate-closed',
])

const waited: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'source.timeout',
  'schema.timeout',
  'history.busy',
  'fleet.wait-timeout',
  'fleet.no-answer',
])

/** A document that is not there, and a parser that is not installed, are errors of the surroundings. */
const errors: ReadonlySet<ErrorCode> = new Set<ErrorCode>(['document.missing', 'document.format-missing'])

/** Returns the exit code for a failure. */
export const exitCodeOf = (code: ErrorCode): ExitCode => {
  if (rolledBack.has(code)) return exitCodes.rolledBack
  if (waited.has(code)) return exitCodes.timeout
  const isRefusal = refused.has(code) || /^(?:document|schema|restart)\./.test(code)
  return isRefusal && !errors.has(code) ? exitCodes.refused : exitCodes.error
}
