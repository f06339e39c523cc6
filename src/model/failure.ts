import { codeTable } from './error-codes.ts'
import type { ErrorCode } from './error-codes.ts'
import { safeCause, type SafeCause } from './safe-cause.ts'

export type { DocumentCode, ErrorCode, SourceCode } from './error-codes.ts'
export type { SafeCause } from './safe-cause.ts'

/** Where in a transaction's life something failed. */
export type Phase =
  | 'fetching'
  | 'validating'
  | 'prepare'
  | 'commit'
  | 'complete'
  | 'check'
  | 'rollback'
  | 'undo'
  | 'close'
  | 'persist'

/** What kind of thing stood at a path, without its value. */
export type ValueKind = 'missing' | 'null' | 'boolean' | 'number' | 'bigint' | 'string' | 'array' | 'object' | 'other'

/** Where a failure belongs; all of it is safe to show. */
export interface FailurePlace {
  readonly module?: string
  readonly phase?: Phase
  /** The shown name of the revision. */
  readonly revision?: string
  /** Path in the config; segments that may be somebody's data are `*`. */
  readonly path?: string
  readonly kind?: ValueKind
  /** A fact for the message that holds no config value: a limit, a deadline in milliseconds, an option's name. */
  readonly detail?: string
}

/** One failure as plain data: safe in logs, records and on pages. */
export interface Failure extends FailurePlace {
  readonly code: ErrorCode
  /** What happened, where. */
  readonly message: string
  /** What to do about it. */
  readonly hint: string
  readonly cause?: SafeCause
}

// What was thrown may hold config values, so it is reachable through `unsafeCause` alone, never as a property.
const causes = new WeakMap<object, unknown>()

/** Makes a failure; of the `cause` only its name and an allow-listed code become visible. */
export const failure = (code: ErrorCode, place: FailurePlace = {}, cause?: unknown): Failure => {
  const { what, hint } = codeTable[code]
  const made: Failure = Object.freeze({
    code,
    message: `${what}${describePlace(place)}`,
    hint,
    ...place,
    ...(cause === undefined ? {} : { cause: safeCause(cause) }),
  })
  if (cause !== undefined) causes.set(made, cause)
  return made
}

const describePlace = ({ module, phase, path, kind, detail, revision }: FailurePlace): string => {
  const facts = [
    detail,
    module === undefined ? undefined : `module "${module}"`,
    phase === undefined ? undefined : `phase ${phase}`,
    path === undefined ? undefined : `at ${path}`,
    kind === undefined ? undefined : `found ${kind}`,
    revision === undefined ? undefined : `revision ${revision}`,
  ].filter((fact) => fact !== undefined)
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`
}

/** Every error that Changeover throws or rejects with. Branch on `code`; `failures` has all of them, first cause first. */
export class ChangeoverError extends Error {
  override readonly name = 'ChangeoverError'
  readonly code: ErrorCode
  readonly hint: string
  readonly failures: readonly Failure[]

  constructor(first: Failure, rest: readonly Failure[] = []) {
    super(`${first.code}: ${first.message}. ${first.hint}`)
    this.code = first.code
    this.hint = first.hint
    this.failures = [first, ...rest]
  }

  get module(): string | undefined {
    return this.failures[0]?.module
  }

  get phase(): Phase | undefined {
    return this.failures[0]?.phase
  }

  get revision(): string | undefined {
    return this.failures[0]?.revision
  }
}

/** Shorthand for an error of one failure. */
export const changeoverError = (code: ErrorCode, place?: FailurePlace, cause?: unknown): ChangeoverError =>
  new ChangeoverError(failure(code, place, cause))

/** True for an error made by Changeover, also one from another copy of the library. */
export const isChangeoverError = (error: unknown): error is ChangeoverError =>
  error instanceof Error && error.name === 'ChangeoverError' && 'failures' in error

/**
 * The foreign error behind a failure, for debuggers. **Unsafe:** its message, stack and properties may hold config
 * values, passwords among them. Never log it. `undefined` where there is none.
 */
export const unsafeCause = (of: Failure | ChangeoverError): unknown => {
  const first = of instanceof ChangeoverError ? of.failures[0] : of
  return first === undefined ? undefined : causes.get(first)
}
