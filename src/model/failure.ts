import { codeTable, type ErrorCode, hintOf, type Moment } from './error-codes.ts'
import { refusalText } from './refusal.ts'
import { describeCause, safeCause, type SafeCause } from './cause/safe-cause.ts'

export type { DocumentCode, ErrorCode, SecretCode, SourceCode } from './error-codes.ts'
export type { SafeCause } from './cause/safe-cause.ts'

/** The phase of a transaction, or of one module in it, in which something failed. */
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

/** The kind of value at a path. The value itself is never shown. */
export type ValueKind = 'missing' | 'null' | 'boolean' | 'number' | 'bigint' | 'string' | 'array' | 'object' | 'other'

/** Where something failed. Every field is safe to show. */
export interface FailurePlace {
  readonly module?: string
  readonly phase?: Phase
  /** The name of the revision. */
  readonly revision?: string
  /** The path in the config. Segments that may be user data are `*`. */
  readonly path?: string
  readonly kind?: ValueKind
  /** The names of the layers of the source that are at fault, or that hold the value at the path. */
  readonly layers?: readonly string[]
  /** Where the source holds the value at the path: a file with line and column, a key, a variable. */
  readonly origin?: string
  /** A fact for the message, such as a limit, a deadline or the name of an option. Never a config value. */
  readonly detail?: string
}

/** One failure as plain data. It is safe to show in logs, in records and on pages. */
export interface Failure extends FailurePlace {
  readonly code: ErrorCode
  /** What happened, and where. */
  readonly message: string
  /** What to do next. */
  readonly hint: string
  readonly cause?: SafeCause
}

// A cause may hold config values, so only `unsafeCause` returns it: it is never a property.
const causes = new WeakMap<object, unknown>()

/** Makes a failure. Of the `cause` it shows the text of a refusal, or its name and a code that is known to hold no data. */
export const failure = (code: ErrorCode, given: FailurePlace = {}, cause?: unknown, moment?: Moment): Failure => {
  const { what } = codeTable[code]
  const shown = cause === undefined ? undefined : safeCause(cause)
  const text = cause === undefined ? undefined : refusalText(cause)
  const place = text === undefined ? given : withText(given, text)
  // An issue of the schema is no error, and says nothing by its type.
  const isShown = shown !== undefined && text === undefined && code !== 'schema.invalid'
  const because = !isShown ? undefined : `cause ${describeCause(shown)}`
  const result: Failure = Object.freeze({
    code,
    message: `${what}${describePlace(place, because)}`,
    hint: hintOf(code, moment),
    ...place,
    ...(shown === undefined ? {} : { cause: shown }),
  })
  if (cause !== undefined) causes.set(result, cause)
  return result
}

const withText = (place: FailurePlace, text: string): FailurePlace => ({
  ...place,
  detail: place.detail === undefined ? text : `${place.detail}: ${text}`,
})

const describePlace = (place: FailurePlace, because: string | undefined): string => {
  const { module, phase, path, kind, layers, origin, detail, revision } = place
  const facts = [
    detail,
    module === undefined ? undefined : `module "${module}"`,
    phase === undefined ? undefined : `phase ${phase}`,
    path === undefined ? undefined : `at ${path}`,
    kind === undefined ? undefined : `found ${kind}`,
    layers === undefined ? undefined : describeLayers(layers),
    origin === undefined ? undefined : `from ${origin}`,
    revision === undefined ? undefined : `revision ${revision}`,
    because,
  ].filter((fact) => fact !== undefined)
  return facts.length === 0 ? '' : ` (${facts.join(', ')})`
}

const describeLayers = (names: readonly string[]): string =>
  `${names.length === 1 ? 'layer' : 'layers'} ${names.map((name) => `"${name}"`).join(' and ')}`

/**
 * The error that Changeover throws or rejects with. Branch on `code`; `failures` lists every failure, first cause
 * first.
 */
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

  /** The module of the first failure. */
  get module(): string | undefined {
    return this.failures[0]?.module
  }

  /** The phase of the first failure. */
  get phase(): Phase | undefined {
    return this.failures[0]?.phase
  }

  /** The name of the revision of the first failure. */
  get revision(): string | undefined {
    return this.failures[0]?.revision
  }
}

/** Makes an error of one failure. */
export const changeoverError = (
  code: ErrorCode,
  place?: FailurePlace,
  cause?: unknown,
  moment?: Moment,
): ChangeoverError => new ChangeoverError(failure(code, place, cause, moment))

/**
 * Returns true for a {@link ChangeoverError}, including one from another copy of the package.
 *
 * @example
 * ```ts
 * if (isChangeoverError(error) && error.code === 'reloader.frozen') return 'Changes are frozen'
 * ```
 */
export const isChangeoverError = (error: unknown): error is ChangeoverError =>
  error instanceof Error && error.name === 'ChangeoverError' && 'failures' in error

/**
 * Returns the error of user code or of a library that caused a failure, for debugging; `undefined` if there is none.
 * **Unsafe:** its message, stack and properties may hold passwords and other config values. Never log it.
 *
 * @example
 * ```ts
 * const cause = unsafeCause(failure)
 * if (cause instanceof DatabaseError && cause.code === '28P01') await rotatePassword()
 * ```
 */
export const unsafeCause = (failed: Failure | ChangeoverError): unknown => {
  const first = failed instanceof ChangeoverError ? failed.failures[0] : failed
  return first === undefined ? undefined : causes.get(first)
}
