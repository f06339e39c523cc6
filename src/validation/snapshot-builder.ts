import { cancelOnAbort } from '../async/abort.ts'
import { DeadlineCall } from '../async/deadline.ts'
import { andThen, ignoreRejection, isThenable } from '../async/thenable.ts'
import { ChangeoverError, changeoverError, type ErrorCode, failure, type FailurePlace } from '../model/failure.ts'
import { digestOf } from '../model/data/digest.ts'
import { kindOf, NotPlain } from '../model/data/not-plain.ts'
import { findCoercedRounded } from '../model/data/rounded-number.ts'
import { createVisibility, type Visibility } from '../model/visibility.ts'
import { toPlain } from '../model/data/plain.ts'
import type { SchemaResult } from '../model/schema.ts'
import { validateBy } from '../schema/find-thrower.ts'
import { findNotPlain } from '../schema/plain-output.ts'
import { type SchemaShape, shapeOf } from '../schema/schema-shape.ts'
import type { Settings } from '../settings/settings.ts'
import { Snapshot } from '../model/snapshot.ts'
import type { ReadResult } from '../api/source.ts'
import { malformedError } from './malformed-document.ts'
import { refusalText } from '../model/refusal.ts'
import { type ParsedInput, parseDocument, precisionError } from './parse-document.ts'
import { refusalOf, throwerPlace } from './schema-issues.ts'

/** What may end a validation. The signal may be made only when it is read. */
export interface HasSignal {
  readonly signal: AbortSignal
}

/** What serves now. */
interface Serving {
  readonly snapshot: Snapshot | undefined
}

/** What a document becomes. `unknown`: only its asynchronous schema can tell. */
export type AtOnce =
  | { readonly kind: 'found'; readonly snapshot: Snapshot }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'unknown' }

/** An asynchronous schema has failed before it decided: it may accept the same document later. */
export class UndecidedError extends ChangeoverError {}

/** Makes snapshots of documents. Each step throws a {@link ChangeoverError} whose failures hold no value of the document. */
export class SnapshotBuilder {
  readonly visibility: Visibility
  readonly shape: SchemaShape
  readonly #settings: Settings
  readonly #serving: Serving
  readonly #digestKey: () => string

  /**
   * @param serving has the config that serves, if one does
   * @throws ChangeoverError `config.not-plain` if the schema says that its output is no plain data
   */
  constructor(settings: Settings, serving: Serving, digestKey: () => string) {
    this.#settings = settings
    this.#serving = serving
    this.#digestKey = digestKey
    this.shape = shapeOf(settings.schema)
    this.visibility = createVisibility(
      settings.public,
      this.shape.input,
      () => serving.snapshot?.config,
      this.shape.output,
    )
    const notPlain = findNotPlain(this.shape.output)
    if (notPlain === undefined) return
    const path = notPlain.path.length === 0 ? '(root)' : notPlain.path.join('.')
    throw changeoverError('config.not-plain', { path, detail: `the schema makes ${notPlain.kind}` })
  }

  /** The document's text. Throws if there is none. */
  textOf(document: ReadResult): string {
    const place = placeOf(document)
    const { name, endpoint } = this.#settings.source
    const at = { ...place, detail: `${name} ${endpoint}` }
    const moment = this.#serving.snapshot === undefined ? 'starting' : 'serving'
    if (document.kind === 'missing') throw changeoverError('document.missing', at, undefined, moment)
    if (document.kind === 'malformed') throw malformedError(document, place, this.visibility)
    const { content } = document
    const limit = this.#settings.maxDocumentBytes
    const size = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength
    if (size > limit) {
      throw changeoverError('document.too-large', { ...place, detail: `${size} bytes, the limit is ${limit}` })
    }
    const text = decode(content, place)
    if (text.trim() === '') throw changeoverError('document.empty', at, undefined, moment)
    return text
  }

  /** Parses and validates. Takes from `previous` what is equal, so that an unchanged config is the same object. */
  snapshotOf(document: ReadResult, text: string, previous: unknown, call: HasSignal): Snapshot | Promise<Snapshot> {
    const place = placeOf(document)
    const input = this.#parse(text, place)
    return andThen(this.#validate(input.value, place, call), (result) => {
      const value = this.#plain(place, () => {
        if (result.issues === undefined) return result.value
        throw refusalOf(result.issues, input.value, this, place)
      })
      const config = this.#configOf(value, previous, input, text, place)
      return new Snapshot(config, document.revision, text, this.#digestKey())
    })
  }

  /** The keyed hash of a document that has become no config. */
  textDigestOf(document: ReadResult): string {
    return digestOf(this.textOf(document), this.#digestKey())
  }

  /** True if the document has exactly this text. */
  isText(document: ReadResult, text: string): boolean {
    try {
      return this.textOf(document) === text
    } catch {
      return false
    }
  }

  /** What a document becomes, as far as that can be told without waiting for an asynchronous schema. */
  snapshotAtOnce(document: ReadResult, previous: unknown): AtOnce {
    try {
      const text = this.textOf(document)
      const input = this.#parse(text, {})
      const result = this.#settings.schema['~standard'].validate(input.value)
      if (isThenable(result)) {
        ignoreRejection(result)
        return { kind: 'unknown' }
      }
      if (result.issues !== undefined) return { kind: 'rejected' }
      const config = this.#configOf(result.value, previous, input, text, {})
      return { kind: 'found', snapshot: new Snapshot(config, document.revision, text, this.#digestKey()) }
    } catch {
      return { kind: 'rejected' }
    }
  }

  /** Calls the policies; the first that throws refuses the change. */
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

  #parse(text: string, place: FailurePlace): ParsedInput {
    return parseDocument(text, this.#settings.parse, this.visibility, place)
  }

  #validate(
    input: unknown,
    place: FailurePlace,
    call: HasSignal,
  ): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
    const { clock, deadlines, schema } = this.#settings
    const limits = { clock, deadlineMs: deadlines.validateMs, graceMs: 0 }
    const validating = new DeadlineCall(() => validateBy(schema, input), limits)
    const atOnce = validating.run()
    const placed = (error: unknown): FailurePlace => ({ ...place, ...throwerPlace(error, input, this.visibility) })
    if (atOnce?.kind === 'failed') throw changeoverError(thrownCode(atOnce.error), placed(atOnce.error), atOnce.error)
    if (atOnce?.kind === 'done') return atOnce.value
    return cancelOnAbort(validating, call.signal).then((ended) => {
      if (ended.kind === 'done') return ended.value
      // A refusal is an answer: the same document is not asked about again.
      if (ended.kind === 'failed' && refusalText(ended.error) !== undefined) {
        throw changeoverError('schema.refused', placed(ended.error), ended.error)
      }
      if (ended.kind === 'failed') throw new UndecidedError(failure('schema.threw', placed(ended.error), ended.error))
      throw new UndecidedError(failure('schema.timeout', { ...place, detail: `${deadlines.validateMs} ms` }))
    })
  }

  #configOf(value: unknown, previous: unknown, input: ParsedInput, text: string, place: FailurePlace): unknown {
    const config = this.#plain(place, () => toPlain(value, previous))
    if (typeof config !== 'object' || config === null) {
      throw changeoverError('config.not-plain', { ...place, kind: kindOf(config), detail: 'a config is an object' })
    }
    if (!input.hasInexactString) return config
    const rounded = this.#plain(place, () => findCoercedRounded(text, input.value, config))
    if (rounded !== undefined) throw precisionError(rounded, text, this.visibility, place)
    return config
  }

  /** Touches what user code has made: a getter of it may throw, which is reported as `thrown`. */
  #plain<T>(place: FailurePlace, make: () => T): T {
    try {
      return make()
    } catch (error) {
      if (error instanceof ChangeoverError) throw error
      if (!(error instanceof NotPlain)) throw changeoverError(thrownCode(error), place, error)
      const { code, kind } = error
      throw changeoverError(code, { ...place, path: this.visibility.show(error.path), kind })
    }
  }
}

const thrownCode = (error: unknown): ErrorCode => (refusalText(error) === undefined ? 'schema.threw' : 'schema.refused')

const placeOf = (document: ReadResult): FailurePlace => ({ phase: 'validating', revision: document.revision.name })

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Applies the same rules to text and bytes: drops a leading byte order mark, refuses what UTF-8 cannot hold. */
const decode = (content: string | Uint8Array, place: FailurePlace): string => {
  if (typeof content === 'string') {
    if (/\p{Surrogate}/u.test(content)) throw changeoverError('document.encoding', place)
    return content.startsWith('\uFEFF') ? content.slice(1) : content
  }
  try {
    return utf8.decode(content)
  } catch (error) {
    throw changeoverError('document.encoding', place, error)
  }
}
