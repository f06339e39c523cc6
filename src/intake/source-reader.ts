import type { Clock } from '../api/clock.ts'
import { type ReadResult, type Source, SourceError } from '../api/source.ts'
import { cancelOnAbort } from '../async/abort.ts'
import { type DeadlineContext, withDeadline } from '../async/deadline.ts'
import type { Candidate } from '../model/candidate.ts'
import { codeTable } from '../model/error-codes.ts'
import { type Failure, failure, type SourceCode } from '../model/failure.ts'

export type ReadOutcome =
  | { readonly kind: 'read'; readonly candidate: Candidate }
  | { readonly kind: 'failed'; readonly failure: Failure & { readonly code: SourceCode } }

/** Reads the source within a deadline, and keeps documents beside the machines, which know them by name only. */
export class SourceReader {
  readonly #source: Source
  readonly #clock: Clock
  readonly #deadlineMs: number
  // Weak, so that a document lives exactly as long as a machine or a transaction may still ask for it.
  readonly #documents = new WeakMap<Candidate, ReadResult>()
  #verifiedAt: number | undefined

  constructor(source: Source, clock: Clock, deadlineMs: number) {
    this.#source = source
    this.#clock = clock
    this.#deadlineMs = deadlineMs
  }

  /** Wall-clock time of the last read that the source answered. */
  get verifiedAt(): number | undefined {
    return this.#verifiedAt
  }

  register(document: ReadResult): Candidate {
    const candidate = { revision: document.revision }
    this.#documents.set(candidate, document)
    return candidate
  }

  /** Makes another candidate of the same document, with what has become known of it. */
  mark(candidate: Candidate, marks: Omit<Candidate, 'revision'>): Candidate {
    const marked = { ...candidate, ...marks }
    this.#documents.set(marked, this.documentOf(candidate))
    return marked
  }

  documentOf(candidate: Candidate): ReadResult {
    const document = this.#documents.get(candidate)
    if (document === undefined) throw new Error('A candidate that was never registered')
    return document
  }

  /** Reads once. Never rejects. */
  async read(signal: AbortSignal): Promise<ReadOutcome> {
    const read = async (context: DeadlineContext): Promise<ReadResult> =>
      toReadResult(await this.#source.read(context.signal))
    const call = withDeadline(read, { clock: this.#clock, deadlineMs: this.#deadlineMs, graceMs: 0 })
    const ended = await cancelOnAbort(call, signal)
    if (ended.kind === 'done') {
      this.#verifiedAt = this.#clock.now()
      return { kind: 'read', candidate: this.register(ended.value) }
    }
    const error = 'error' in ended ? ended.error : undefined
    const code = ended.kind === 'timed-out' ? 'source.timeout' : sourceCodeOf(error)
    return { kind: 'failed', failure: sourceFailure(code, error) }
  }
}

const isCode = (code: unknown, of: 'source' | 'document'): boolean =>
  typeof code === 'string' && code.startsWith(`${of}.`) && Object.hasOwn(codeTable, code)

/** The code of what a source threw; `source.failed` for a foreign error. Never throws, although the error's getters may. */
export const sourceCodeOf = (error: unknown): SourceCode => {
  try {
    const code = error instanceof Error && error.name === 'SourceError' ? (error as SourceError).code : undefined
    return code !== undefined && isCode(code, 'source') ? code : 'source.failed'
  } catch {
    return 'source.failed'
  }
}

/** Makes a failure of the source. The cause of a {@link SourceError} is the error that it wraps. */
export const sourceFailure = <C extends SourceCode>(code: C, error?: unknown): Failure & { readonly code: C } =>
  failure(code, { phase: 'fetching' }, causeOf(error)) as Failure & { code: C }

const causeOf = (error: unknown): unknown => {
  try {
    return error instanceof SourceError ? error.cause : error
  } catch {
    return error
  }
}

/**
 * Copies what a source has read: a source is user code too, and half a result must not reach the machines.
 *
 * @throws TypeError for anything else
 */
export const toReadResult = (value: ReadResult): ReadResult => {
  const { kind } = value
  const { lineage, order, name } = value.revision
  const isRevision = typeof lineage === 'string' && Number.isFinite(order) && typeof name === 'string'
  if (!isRevision) throw new TypeError('A revision is { lineage, order, name }')
  const revision = { lineage, order, name }
  switch (kind) {
    case 'missing':
      return { kind, revision }
    case 'malformed': {
      const { code } = value
      if (isCode(code, 'document')) return { kind, revision, code }
      throw new TypeError('A malformed document has a document code')
    }
    case 'document': {
      const { content } = value
      if (typeof content === 'string' || content instanceof Uint8Array) return { kind, revision, content }
      throw new TypeError('The content of a document is text or bytes')
    }
    default:
      throw new TypeError('A read results in a document, missing or malformed')
  }
}
