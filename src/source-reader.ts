import type { Candidate } from '../machines/reload/types.ts'
import { bounded } from './bounded.ts'
import { type Failure, failure, type SourceCode } from './model/errors.ts'
import type { Settings } from './settings.ts'
import { type Reading, SourceError } from './source.ts'

export type ReadResult =
  | { readonly kind: 'read'; readonly candidate: Candidate; readonly reading: Reading }
  | { readonly kind: 'failed'; readonly failure: Failure & { readonly code: SourceCode } }

/** Reads the source within a deadline, and keeps what was read beside the machines, which know it by name only. */
export class SourceReader {
  readonly #settings: Settings
  // Weak, so that a document lives exactly as long as a machine or a transaction may still ask for it.
  readonly #readings = new WeakMap<Candidate, Reading>()
  /** Wall-clock time of the last read that the source answered. */
  verifiedAt: number | undefined

  constructor(settings: Settings) {
    this.#settings = settings
  }

  register(reading: Reading, isLastGood = false): Candidate {
    const candidate = { revision: reading.revision, ...(isLastGood ? { isLastGood } : {}) }
    this.#readings.set(candidate, reading)
    return candidate
  }

  readingOf(candidate: Candidate): Reading {
    const reading = this.#readings.get(candidate)
    if (reading === undefined) throw new Error('A candidate that was never registered')
    return reading
  }

  async read(signal: AbortSignal): Promise<ReadResult> {
    const { source, clock, deadlines } = this.#settings
    const call = bounded((bounds) => source.read(bounds.signal), { clock, deadlineMs: deadlines.readMs, graceMs: 0 })
    signal.addEventListener('abort', call.cancel)
    const ended = await call.result
    signal.removeEventListener('abort', call.cancel)
    if (ended.kind === 'done' && isReading(ended.value)) {
      this.verifiedAt = clock.now()
      return { kind: 'read', candidate: this.register(ended.value), reading: ended.value }
    }
    const code =
      ended.kind === 'timed-out' ? 'source.timeout' : sourceCodeOf('error' in ended ? ended.error : undefined)
    return { kind: 'failed', failure: sourceFailure(code, 'error' in ended ? ended.error : undefined) }
  }
}

/** The code of what a source threw; a foreign error is `source.failed`. */
export const sourceCodeOf = (error: unknown): SourceCode =>
  error instanceof Error && error.name === 'SourceError' ? (error as SourceError).code : 'source.failed'

/** A failure of the source; of a {@link SourceError} the cause is what it wraps. */
export const sourceFailure = <C extends SourceCode>(code: C, error?: unknown): Failure & { readonly code: C } =>
  failure(code, { phase: 'fetching' }, error instanceof SourceError ? error.cause : error) as Failure & { code: C }

// A source is user code too: what is no reading is a failed read.
const isReading = (value: unknown): value is Reading =>
  typeof value === 'object' && value !== null && 'revision' in value && 'kind' in value
