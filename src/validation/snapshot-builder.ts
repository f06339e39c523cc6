import { type CallResult, DeadlineCall, ignoreRejection, isThenable } from '../async/deadline.ts'
import { ChangeoverError, changeoverError, type ErrorCode, type FailurePlace } from '../model/failure.ts'
import { LostMember, type ParsedJson, parseJson } from '../model/json.ts'
import { createVisibility, type Visibility } from '../model/paths.ts'
import { countMembers, kindOf, NotPlain, type Path, toPlain } from '../model/plain.ts'
import type { SchemaIssue, SchemaResult } from '../model/schema.ts'
import type { Settings } from '../settings/settings.ts'
import { Snapshot } from '../model/snapshot.ts'
import type { ReadResult } from '../api/source.ts'

/** What may end a validation; the signal is made when it is asked for. */
export interface Within {
  readonly signal: AbortSignal
}

/** Makes snapshots of documents. Each step throws a {@link ChangeoverError} whose failures hold no value of the document. */
export class SnapshotBuilder {
  readonly visibility: Visibility
  readonly #settings: Settings
  readonly #digestKey: () => string

  constructor(settings: Settings, digestKey: () => string) {
    this.#settings = settings
    this.#digestKey = digestKey
    this.visibility = createVisibility(settings.public, jsonSchemaOf(settings.schema))
  }

  /** The document's text, or why there is none. */
  textOf(reading: ReadResult): string {
    const place = placeOf(reading)
    if (reading.kind === 'missing') throw changeoverError('document.missing', place)
    if (reading.kind === 'malformed') throw changeoverError(reading.code, place)
    const { content } = reading
    const limit = this.#settings.maxDocumentBytes
    const size = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength
    if (size > limit) {
      throw changeoverError('document.too-large', { ...place, detail: `${size} bytes, the limit is ${limit}` })
    }
    const text = decode(content, place)
    if (text.trim() === '') throw changeoverError('document.empty', place)
    return text
  }

  /** Parses and validates; takes from `previous` what is equal, so that an unchanged config is the very same object. */
  async snapshotOf(reading: ReadResult, text: string, previous: unknown, within: Within): Promise<Snapshot> {
    const place = placeOf(reading)
    const input = this.#parse(text, place)
    const result = await this.#validate(input, place, within)
    const value = this.#plain(place, () => {
      if (result.issues === undefined) return result.value
      throw this.#refusal(result.issues, input, place)
    })
    return this.#toSnapshot(value, text, reading, previous)
  }

  /** True where the reading is a document of this very text. */
  isText(reading: ReadResult, text: string): boolean {
    try {
      return this.textOf(reading) === text
    } catch {
      return false
    }
  }

  /** The config of a text, where it can be had at once; undefined where it is not valid or takes an async schema. */
  quickConfigOf(reading: ReadResult, previous: unknown): unknown {
    try {
      const text = this.textOf(reading)
      const result = this.#settings.schema['~standard'].validate(this.#parse(text, {}))
      if (isThenable(result)) {
        ignoreRejection(result)
        return undefined
      }
      return result.issues === undefined ? toPlain(result.value, previous) : undefined
    } catch {
      return undefined
    }
  }

  /** Asks the policies; the first that throws has refused. */
  askPolicies(next: Snapshot, previous: unknown): void {
    for (const [index, policy] of this.#settings.policies.entries()) {
      const place = { phase: 'validating', revision: next.revision.name, detail: `policy ${index + 1}` } as const
      let returned: unknown
      try {
        returned = policy(next.config, previous)
      } catch (error) {
        throw changeoverError('policy.refused', place, error)
      }
      if (!isThenable(returned)) continue
      ignoreRejection(returned)
      throw changeoverError('policy.refused', {
        ...place,
        detail: `policy ${index + 1} returned a promise: a policy is synchronous`,
      })
    }
  }

  #parse(text: string, place: FailurePlace): unknown {
    const { parse } = this.#settings
    const read = (): ParsedJson => (parse === undefined ? parseJson(text) : { value: callParse(parse, text) })
    const parsed = this.#plain(place, read, 'document.malformed')
    if ('value' in parsed) return parsed.value
    throw changeoverError('document.duplicate-key', { ...place, path: this.visibility.show(parsed.duplicate) })
  }

  async #validate(input: unknown, place: FailurePlace, within: Within): Promise<SchemaResult<unknown>> {
    const { clock, deadlines, schema } = this.#settings
    const limits = { clock, deadlineMs: deadlines.validateMs, graceMs: 0 }
    const call = new DeadlineCall(() => schema['~standard'].validate(input), limits)
    const ended = call.run() ?? (await endOf(call, within.signal))
    if (ended.kind === 'done') return ended.value
    if (ended.kind === 'failed') throw changeoverError('schema.threw', place, ended.error)
    throw changeoverError('schema.timeout', { ...place, detail: `${deadlines.validateMs} ms` })
  }

  #toSnapshot(value: unknown, text: string, reading: ReadResult, previous: unknown): Snapshot {
    const place = placeOf(reading)
    const config = this.#plain(place, () => toPlain(value, previous))
    if (typeof config !== 'object' || config === null) {
      throw changeoverError('config.not-plain', { ...place, kind: kindOf(config), detail: 'a config is an object' })
    }
    return new Snapshot(config, reading.revision, text, this.#digestKey())
  }

  /** What user code made is touched only in here: a getter of it may throw, which is `thrown`. */
  #plain<T>(place: FailurePlace, make: () => T, thrown: ErrorCode = 'schema.threw'): T {
    try {
      return make()
    } catch (error) {
      if (error instanceof ChangeoverError) throw error
      if (error instanceof LostMember) {
        throw changeoverError('document.malformed', { ...place, detail: 'write its keys without escapes' }, error)
      }
      if (!(error instanceof NotPlain)) throw changeoverError(thrown, place, error)
      const { code, kind } = error
      throw changeoverError(code, { ...place, path: this.visibility.show(error.path), kind })
    }
  }

  #refusal(issues: readonly SchemaIssue[], input: unknown, place: FailurePlace): ChangeoverError {
    const failures = issues.slice(0, MAX_ISSUES).map((issue) => {
      const path = pathOf(issue, input)
      const detail = issueCodeOf(issue)
      const found = { path: this.visibility.show(path), kind: kindOf(valueAt(input, path)) }
      const at = { ...place, ...found, ...(detail === undefined ? {} : { detail }) }
      return changeoverError('schema.invalid' satisfies ErrorCode, at, issue).failures[0]
    })
    const known = failures.filter((one) => one !== undefined)
    const first = known[0] ?? changeoverError('schema.invalid', place).failures[0]
    if (first === undefined) throw new Error('An error without a failure')
    return new ChangeoverError(first, known.slice(1))
  }
}

/** Of a call that has not ended at once. */
const endOf = async <T>(call: DeadlineCall<T>, signal: AbortSignal): Promise<CallResult<T>> => {
  signal.addEventListener('abort', call.cancel)
  const ended = await call.result
  signal.removeEventListener('abort', call.cancel)
  return ended
}

/** Issues that a failure lists; a document that is wrong throughout needs no more. */
const MAX_ISSUES = 20

const callParse = (parse: (text: string) => unknown, text: string): unknown => {
  const value = parse(text)
  if (isThenable(value)) {
    ignoreRejection(value)
    throw new TypeError('parse returned a promise: it is synchronous')
  }
  countMembers(value)
  return value
}

const placeOf = (reading: ReadResult): FailurePlace => ({ phase: 'validating', revision: reading.revision.name })

/** Text and bytes go by the same rules: a leading byte order mark is no content, and what UTF-8 cannot hold is refused. */
const decode = (content: string | Uint8Array, place: FailurePlace): string => {
  if (typeof content === 'string') {
    if (/\p{Surrogate}/u.test(content)) throw changeoverError('document.encoding', place)
    return content.startsWith('\uFEFF') ? content.slice(1) : content
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content)
  } catch (error) {
    throw changeoverError('document.encoding', place, error)
  }
}

/** A number that is not an index of an array may be somebody's data, so it becomes a key like any other. */
// What zod calls its issues; another vendor's `code` may be made from data.
const issueCodes = new Set(
  'custom invalid_element invalid_format invalid_key invalid_type invalid_union invalid_value not_multiple_of too_big too_small unrecognized_keys'.split(
    ' ',
  ),
)

/** The kind of an issue, where its schema tells one that holds no data. */
const issueCodeOf = (issue: SchemaIssue): string | undefined => {
  const { code } = issue as { readonly code?: unknown }
  return typeof code === 'string' && issueCodes.has(code) ? code : undefined
}

const pathOf = ({ path = [] }: SchemaIssue, input: unknown): Path => {
  let at = input
  return path.map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment
    const shown = typeof key === 'number' && Array.isArray(at) ? key : String(key)
    at = memberOf(at, shown)
    return shown
  })
}

const memberOf = (value: unknown, key: string | number): unknown => {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string | number, unknown>)[key]
}

const valueAt = (input: unknown, path: Path): unknown => path.reduce<unknown>(memberOf, input)

/**
 * The JSON Schema that a Standard Schema may offer beside itself (standardschema.dev/json-schema); used only to learn
 * which keys are declared.
 */
const jsonSchemaOf = (schema: Settings['schema']): unknown => {
  try {
    const { jsonSchema } = schema['~standard'] as { jsonSchema?: { input?: (options: object) => unknown } }
    return jsonSchema?.input?.({ target: 'draft-2020-12' })
  } catch {
    return undefined // it cannot be expressed: its keys stay masked
  }
}
