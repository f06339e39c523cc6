import type { Candidate } from '../model/candidate.ts'
import { type DeadlineContext, withDeadline } from '../async/deadline.ts'
import { codeTable } from '../model/error-codes.ts'
import { type Failure, failure, type SourceCode } from '../model/failure.ts'
import type { Settings } from '../settings/settings.ts'
import { type ReadResult, SourceError } from '../api/source.ts'

export type ReadOutcome =
  | { readonly kind: 'read'; readonly candidate: Candidate; readonly reading: ReadResult }
  | { readonly kind: 'failed'; readonly failure: Failure & { readonly code: SourceCode } }

/** Reads the source within a deadline, and keeps what was read beside the machines, which know it by name only. */
export class SourceReader {
  readonly #settings: Settings
  // Weak, so that a document lives exactly as long as a machine or a transaction may still ask for it.
  readonly #readings = new WeakMap<Candidate, ReadResult>()
  /** Wall-clock time of the last read that the source answered. */
  verifiedAt: number | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  register(reading: ReadResult): Candidate {
    const candidate = { revision: reading.revision }
    this.#readings.set(candidate, reading)
    return candidate
  }

  /** The same document, with what is known of it. */
  mark(candidate: Candidate, { isLastKnownGood, wasFrozen }: Required<Omit<Candidate, 'revision'>>): Candidate {
    const reading = this.readingOf(candidate)
    const marked = {
      revision: reading.revision,
      ...(isLastKnownGood ? { isLastKnownGood } : {}),
      ...(wasFrozen ? { wasFrozen } : {}),
    }
    this.#readings.set(marked, reading)
    return marked
  }

  readingOf(candidate: Candidate): ReadResult {
    const reading = this.#readings.get(candidate)
    if (reading === undefined) throw new Error('A candidate that was never registered')
    return reading
  }

  async read(signal: AbortSignal): Promise<ReadOutcome> {
    const { source, clock, deadlines } = this.#settings
    const read = async (bounds: DeadlineContext): Promise<ReadResult> => toReading(await source.read(bounds.signal))
    const call = withDeadline(read, { clock, deadlineMs: deadlines.readMs, graceMs: 0 })
    signal.addEventListener('abort', call.cancel)
    const ended = await call.result
    signal.removeEventListener('abort', call.cancel)
    if (ended.kind === 'done') {
      this.verifiedAt = clock.now()
      return { kind: 'read', candidate: this.register(ended.value), reading: ended.value }
    }
    const code =
      ended.kind === 'timed-out' ? 'source.timeout' : sourceCodeOf('error' in ended ? ended.error : undefined)
    return { kind: 'failed', failure: sourceFailure(code, 'error' in ended ? ended.error : undefined) }
  }
}

const isCode = (code: unknown, of: 'source' | 'document'): boolean =>
  typeof code === 'string' && code.startsWith(`${of}.`) && Object.hasOwn(codeTable, code)

/** The code of what a source threw; a foreign error is `source.failed`. Never throws: the error is foreign. */
export const sourceCodeOf = (error: unknown): SourceCode => {
  try {
    const code = error instanceof Error && error.name === 'SourceError' ? (error as SourceError).code : undefined
    return code !== undefined && isCode(code, 'source') ? code : 'source.failed'
  } catch {
    return 'source.failed'
  }
}

/** A failure of the source; of a {@link SourceError} the cause is what it wraps. */
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
 * A reading of our own with what the source's has: a source is user code too, and what is half a reading must not get
 * as far as the machines.
 *
 * @throws TypeError where it is none
 */
export const toReading = (value: ReadResult): ReadResult => {
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
      throw new TypeError('A reading is a document, missing or malformed')
  }
}
