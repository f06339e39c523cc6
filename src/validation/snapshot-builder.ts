import { cancelOnAbort } from '../async/abort.ts'
import { DeadlineCall } from '../async/deadline.ts'
import { andThen, ignoreRejection, isThenable } from '../async/thenable.ts'
import { ChangeoverError, changeoverError, type ErrorCode, failure, type FailurePlace } from '../model/failure.ts'
import { hiding } from '../model/secrets/hidden-places.ts'
import { digestOf } from '../model/data/digest.ts'
import type { JsonValue } from '../model/json/json.ts'
import { JsonParser } from '../model/json/json-parser.ts'
import { kindOf, NotPlain } from '../model/data/not-plain.ts'
import { findCoercedRounded } from '../model/data/rounded-number.ts'
import { createVisibility, type Visibility } from '../model/visibility.ts'
import { toPlain } from '../model/data/plain.ts'
import type { SchemaResult } from '../model/schema.ts'
import { validateBy } from '../schema/find-thrower.ts'
import { findNotPlain } from '../schema/plain-output.ts'
import { type SchemaShape, shapeOf } from '../schema/schema-shape.ts'
import { validateSafely } from '../schema/validate-safely.ts'
import type { BuilderSettings } from './builder-settings.ts'
import { Snapshot } from '../model/snapshot.ts'
import { UndecidedError } from '../model/undecided.ts'
import { hideSecrets } from '../secrets/hide-secrets.ts'
import type { Resolved, Secrets, SecretUse } from '../secrets/secrets.ts'
import type { ReadResult } from '../api/source.ts'
import { askPolicies } from './ask-policies.ts'
import { refusalText } from '../model/refusal.ts'
import { originPlaceOf } from './origin-place.ts'
import { parseDocument, precisionError } from './parse-document.ts'
import { checkBuild } from './requirements.ts'
import { isSameJson } from './same-json.ts'
import { refusalOf, throwerPlace } from './schema-issues.ts'
import { textOf } from './text-of.ts'

/** What may end a validation. The signal may be made only when it is read. */
export interface HasSignal {
  readonly signal: AbortSignal
}

/** Which values the secrets of a document get, and for which transaction. */
export interface SecretCall {
  readonly use: SecretUse
  readonly epoch?: number
}

/** What serves now. */
interface Serving {
  readonly snapshot: Snapshot | undefined
}

/** What a document becomes. `unknown`: only its asynchronous schema can tell, or a secret that is not known. */
export type AtOnce =
  | { readonly kind: 'found'; readonly snapshot: Snapshot }
  | { readonly kind: 'rejected' }
  | { readonly kind: 'unknown' }

/** Makes snapshots of documents. Each step throws a {@link ChangeoverError} whose failures hold no value of the document. */
export class SnapshotBuilder {
  readonly visibility: Visibility
  readonly shape: SchemaShape
  readonly #settings: BuilderSettings
  readonly #serving: Serving
  readonly #digestKey: () => string
  readonly #secrets: Secrets | undefined
  readonly #json = new JsonParser()

  /**
   * @param serving has the config that serves, if one does
   * @throws ChangeoverError `config.not-plain` if the schema says that its output is no plain data
   */
  constructor(settings: BuilderSettings, serving: Serving, digestKey: () => string, secrets?: Secrets) {
    this.#settings = settings
    this.#serving = serving
    this.#digestKey = digestKey
    this.#secrets = secrets
    this.shape = shapeOf(settings.schema)
    const { input, output } = this.shape
    const visibility = createVisibility(settings.public, input, () => serving.snapshot?.config, output)
    this.visibility = secrets === undefined ? visibility : hiding(visibility, secrets.hidden)
    const notPlain = findNotPlain(this.shape.output)
    if (notPlain === undefined) return
    const path = notPlain.path.length === 0 ? '(root)' : notPlain.path.join('.')
    throw changeoverError('config.not-plain', { path, detail: `the schema makes ${notPlain.kind}` })
  }

  /** The document's text. Throws if there is none. */
  textOf(document: ReadResult): string {
    const moment = this.#serving.snapshot === undefined ? 'starting' : 'serving'
    return textOf(document, placeOf(document), moment, this.#settings, this.visibility)
  }

  /** Parses, resolves secrets and validates. Takes from `previous` what is equal, so that an unchanged config is the same object. */
  snapshotOf(
    document: ReadResult,
    text: string,
    previous: unknown,
    call: HasSignal,
    secret: SecretCall = { use: 'trial' },
  ): Snapshot | Promise<Snapshot> {
    const place = placeOf(document)
    const parsed = this.#parse(document, text, place)
    return andThen(this.#resolve(parsed, place, call, secret), (resolved) => {
      const input = resolved === undefined ? parsed : { value: resolved.input, hasInexactString: true }
      return andThen(this.#validate(input.value, text.length, place, call), (result) => {
        const value = this.#plain(place, () => {
          if (result.issues === undefined) return result.value
          throw refusalOf(result.issues, input.value, this, place, originPlaceOf(document, text, this.visibility))
        })
        const config = this.#configOf(value, previous, input, text, place)
        return this.#snapshotOf(document, text, config, resolved && { ...resolved, written: parsed.value })
      })
    })
  }

  /** The config that serves, with the newest values of its secrets. */
  withNewSecrets(serving: Snapshot, { call, epoch }: { call: HasSignal; epoch: number }): Snapshot | Promise<Snapshot> {
    const { revision, text, config } = serving
    return this.snapshotOf({ kind: 'document', revision, content: text }, text, config, call, { use: 'known', epoch })
  }

  /** False if a newer value of one of its secrets is known. */
  isCurrent(snapshot: Snapshot): boolean {
    return this.#secrets?.areCurrent(snapshot.secrets) ?? true
  }

  #resolve({ value }: JsonValue, place: FailurePlace, signal: HasSignal, secret: SecretCall) {
    const moment = this.#serving.snapshot === undefined ? 'starting' : 'serving'
    return this.#secrets?.resolve(value, { ...secret, signal, place, moment }, this.visibility)
  }

  #snapshotOf(
    { revision }: ReadResult,
    text: string,
    config: unknown,
    resolved: (Pick<Resolved, 'secrets'> & { readonly written: unknown }) | undefined,
  ): Snapshot {
    if (resolved === undefined) return new Snapshot(config, revision, text, this.#digestKey())
    if (this.#secrets !== undefined) hideSecrets(this.#secrets.hidden, config, resolved.secrets)
    return new Snapshot(config, revision, text, this.#digestKey(), resolved).withDigestOf(this.#serving.snapshot)
  }

  /** The keyed hash of a document that has become no config. */
  textDigestOf(document: ReadResult): string {
    return digestOf(this.textOf(document), this.#digestKey())
  }

  /** True if the document has this text, or one that says the same. */
  isText(document: ReadResult, text: string): boolean {
    try {
      return this.isSameText(this.textOf(document), text)
    } catch {
      return false
    }
  }

  /** True if a text says the same as that of a document that has been parsed, whatever reads it. */
  isSameText(text: string, known: string): boolean {
    return text === known || (this.#settings.parse === undefined && isSameJson(text, known))
  }

  /** What a document becomes, as far as that can be told without waiting for an asynchronous schema, or reading a secret. */
  snapshotAtOnce(document: ReadResult, previous: unknown): AtOnce {
    try {
      const text = this.textOf(document)
      const parsed = this.#parse(document, text, {})
      const resolved = this.#secrets?.resolveKnown(parsed.value)
      if (resolved === 'unknown') return { kind: 'unknown' }
      const input = resolved === undefined ? parsed : { value: resolved.input, hasInexactString: true }
      const result = validateSafely(this.#settings.schema, input.value, text.length)
      if (isThenable(result)) {
        ignoreRejection(result)
        return { kind: 'unknown' }
      }
      if (result.issues !== undefined) return { kind: 'rejected' }
      const config = this.#configOf(result.value, previous, input, text, {})
      const written = parsed.value
      return { kind: 'found', snapshot: this.#snapshotOf(document, text, config, resolved && { ...resolved, written }) }
    } catch {
      return { kind: 'rejected' }
    }
  }

  /** Calls the policies; the first that throws refuses the change. */
  askPolicies(next: Snapshot, previous: unknown): void {
    askPolicies(this.#settings.policies, next, previous)
  }

  #parse(document: ReadResult, text: string, place: FailurePlace): JsonValue {
    const { parse, build } = this.#settings
    return checkBuild(parseDocument(text, parse, this.visibility, place, document, this.#json.parse), build, place)
  }

  #validate(
    input: unknown,
    length: number,
    place: FailurePlace,
    call: HasSignal,
  ): SchemaResult<unknown> | Promise<SchemaResult<unknown>> {
    const { clock, deadlines, schema } = this.#settings
    const limits = { clock, deadlineMs: deadlines.validateMs, graceMs: 0 }
    const validating = new DeadlineCall(() => validateBy(schema, input, length), limits)
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

  #configOf(value: unknown, previous: unknown, input: JsonValue, text: string, place: FailurePlace): unknown {
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

const placeOf = ({ kind, revision, layers }: ReadResult): FailurePlace => ({
  phase: 'validating',
  revision: revision.name,
  // Those of a document belong to its warning.
  ...(layers === undefined || kind === 'document' ? {} : { layers }),
})
