import type { Clock } from '../api/clock.ts'
import { type FindOrigins, type ReadResult, type Source, SourceError } from '../api/source.ts'
import { cancelOnAbort } from '../async/abort.ts'
import { type DeadlineContext, withDeadline } from '../async/deadline.ts'
import type { Candidate, Forced } from '../model/candidate.ts'
import { ReturnsItsArgument } from '../model/data/plain.ts'
import { type Failure, failure, type SourceCode } from '../model/failure.ts'
import type { Revision } from '../model/revision.ts'
import { ContractBreach, isCode, toReadResult } from './read-result.ts'
import { type ReadJudgement, RevisionGuard } from './revision-guard.ts'

/** How often a read is repeated that another read has overtaken. */
const MAX_READS = 3

export type ReadOutcome =
  | { readonly kind: 'read'; readonly candidate: Candidate; readonly fault?: Failure }
  | { readonly kind: 'failed'; readonly failure: Failure & { readonly code: SourceCode } }

type Found = Extract<ReadJudgement, { kind: 'found' }>

/** Hears what a reader cannot answer with. */
export interface ReaderHooks {
  /** A listener on the signal of a read has thrown. */
  readonly onListenerError?: (error: unknown) => void
  /** The source has answered, and something is wrong with the answer. */
  readonly onFault?: (fault: Failure) => void
  /** Says whether a config serves, which decides what a hint may promise. */
  readonly isServing?: () => boolean
}

/**
 * Keeps the document of a candidate in a private field, which no inspector sees: it lives exactly as long as a machine or a
 * transaction may still ask for it. The values of a `WeakMap` would survive one collection more (bench: reload).
 */
class Documented extends ReturnsItsArgument {
  readonly #document: ReadResult

  private constructor(candidate: Candidate, document: ReadResult) {
    super(candidate)
    this.#document = document
  }

  static candidate(candidate: Candidate, document: ReadResult): Candidate {
    new Documented(candidate, document)
    return candidate
  }

  static documentOf(candidate: Candidate): ReadResult | undefined {
    return #document in candidate ? candidate.#document : undefined
  }
}

/** Reads the source within a deadline, and keeps documents beside the machines, which know them by name only. */
export class SourceReader {
  readonly #source: Source
  readonly #clock: Clock
  readonly #deadlineMs: number
  readonly #hooks: ReaderHooks
  readonly #guard = new RevisionGuard()
  readonly #fingerprints = new WeakMap<Revision, string>()
  readonly #origins = new WeakMap<Revision, FindOrigins>()
  readonly #stored = new WeakSet<Revision>()
  #verifiedAt: number | undefined
  #lastFault = ''
  #isInDoubt = false

  constructor(source: Source, clock: Clock, deadlineMs: number, hooks: ReaderHooks = {}) {
    this.#source = source
    this.#clock = clock
    this.#deadlineMs = deadlineMs
    this.#hooks = hooks
  }

  /** Wall-clock time of the last read that the source answered. */
  get verifiedAt(): number | undefined {
    return this.#verifiedAt
  }

  /** True if the last answer differs from the newest document, broke the contract, or came with a warning. */
  get isInDoubt(): boolean {
    return this.#isInDoubt
  }

  /** Makes a candidate of a document that was stored: it says what its revision stood for. */
  register(document: ReadResult): Candidate {
    this.#guard.learn(document)
    this.#stored.add(document.revision)
    return this.#register(document)
  }

  /** True if a document was not read but had been stored. */
  isStored(revision: Revision): boolean {
    return this.#stored.has(revision)
  }

  /** Says where the values of a document come from, if its source can. */
  originsOf(revision: Revision): FindOrigins | undefined {
    return this.#origins.get(revision)
  }

  /**
   * Names the modules that a candidate prepares again although their slices may be equal: all, if what its document
   * refers to has changed since the serving document was read.
   */
  forcedBy(revision: Revision, serving: Revision | undefined): Forced | undefined {
    const before = serving && this.#fingerprints.get(serving)
    const now = this.#fingerprints.get(revision)
    // A config that was restored has been prepared in this process too.
    return before === undefined || now === undefined || before === now ? undefined : 'all'
  }

  /** Makes another candidate of the same document, with what has become known of it. */
  mark(candidate: Candidate, marks: Omit<Candidate, 'revision'>): Candidate {
    return Documented.candidate({ revision: candidate.revision, ...marks }, this.documentOf(candidate))
  }

  documentOf(candidate: Candidate): ReadResult {
    const document = Documented.documentOf(candidate)
    if (document === undefined) throw new Error('A candidate that was never registered')
    return document
  }

  /** Reads once. Never rejects. */
  async read(signal: AbortSignal): Promise<ReadOutcome> {
    const { onListenerError } = this.#hooks
    const limits = { clock: this.#clock, deadlineMs: this.#deadlineMs, graceMs: 0 }
    const call = withDeadline((context) => this.#judged(context), {
      ...limits,
      ...(onListenerError === undefined ? {} : { onListenerError }),
    })
    const ended = await cancelOnAbort(call, signal)
    if (ended.kind === 'done') {
      this.#verifiedAt = this.#clock.now()
      const fault = this.#noteFound(ended.value)
      const candidate = this.#register(ended.value.result)
      return { kind: 'read', candidate, ...(fault === undefined ? {} : { fault }) }
    }
    if (ended.kind === 'timed-out') {
      const detail = `deadlines.readMs: ${this.#deadlineMs} ms`
      return { kind: 'failed', failure: this.failureOf('source.timeout', undefined, detail) }
    }
    const error = 'error' in ended ? ended.error : undefined
    const code = sourceCodeOf(error)
    if (code === 'source.contract') this.#isInDoubt = true
    return { kind: 'failed', failure: this.failureOf(code, error) }
  }

  /** Judges what a stream reports that starts now, after this revision. */
  openStream(after: Revision): Stream {
    const { epoch } = this.#guard
    return {
      after: this.#guard.rawOf(after),
      candidateOf: (reported) => {
        const result = this.#guard.judgeReported(reported, epoch)
        if (result === undefined) return undefined
        this.#noteFound({ kind: 'found', result })
        return this.#register(result)
      },
    }
  }

  /** Makes a failure that names the source. The cause of a {@link SourceError} is the error that it wraps. */
  failureOf<C extends SourceCode>(code: C, error?: unknown, detail = detailOf(error)): Failure & { readonly code: C } {
    const moment = this.#hooks.isServing?.() === false ? 'starting' : 'serving'
    const place = { phase: 'fetching', detail: detailWith(this.#source, detail) } as const
    return failure(code, place, causeOf(error), moment) as Failure & { code: C }
  }

  #register(document: ReadResult): Candidate {
    const { revision } = document
    if (document.kind === 'document') {
      const { fingerprint, origins } = document
      if (fingerprint !== undefined) this.#fingerprints.set(revision, fingerprint)
      if (origins !== undefined) this.#origins.set(revision, origins)
    }
    return Documented.candidate({ revision }, document)
  }

  /** Reads until the answer is not older than that of another read. */
  async #judged({ signal }: DeadlineContext): Promise<Found> {
    for (let reads = 0; reads < MAX_READS; reads++) {
      const mark = this.#guard.mark()
      const judged = this.#guard.judgeRead(toReadResult(await this.#source.read(signal)), mark)
      if (judged.kind === 'found') return judged
    }
    throw new SourceError('source.stale')
  }

  /** Notes what is wrong with an answer, and passes it on once, until an answer is in order. */
  #noteFound({ result: { revision, warning, layers }, breach, isOlder = false }: Found): Failure | undefined {
    this.#isInDoubt = isOlder || warning !== undefined
    const code = breach === undefined ? (warning ?? (isOlder ? 'source.stale' : undefined)) : 'source.contract'
    if (code === undefined) {
      this.#lastFault = ''
      return undefined
    }
    const place = { phase: 'fetching', revision: revision.name, ...(layers === undefined ? {} : { layers }) } as const
    const fault = failure(code, breach === undefined ? place : { ...place, detail: breach })
    // A warning holds for every revision; a contradiction is another one each time.
    const key = breach === undefined ? [code, ...(layers ?? [])].join(' ') : fault.message
    if (this.#lastFault !== key) this.#hooks.onFault?.(fault)
    this.#lastFault = key
    return fault
  }
}

/** What the events of one stream are made of. */
export interface Stream {
  /** The revision to start after, as the source knows it. */
  readonly after: Revision
  /** The candidate of a reported document; `undefined` if only a read can tell what was reported. */
  readonly candidateOf: (reported: ReadResult) => Candidate | undefined
}

/** The code of what a source threw; `source.failed` for a foreign error. Never throws, although the error's getters may. */
export const sourceCodeOf = (error: unknown): SourceCode => {
  try {
    if (error instanceof ContractBreach) return 'source.contract'
    const code = error instanceof Error && error.name === 'SourceError' ? (error as SourceError).code : undefined
    return code !== undefined && isCode(code, 'source') ? code : 'source.failed'
  } catch {
    return 'source.failed'
  }
}

/** Names a source, by its kind and its address, which holds the key or the path. */
const detailWith = ({ name, endpoint }: Pick<Source, 'name' | 'endpoint'>, detail?: string): string =>
  `${name} ${endpoint}${detail === undefined ? '' : `; ${detail}`}`

const detailOf = (error: unknown): string | undefined => {
  try {
    if (error instanceof ContractBreach) return error.detail
    const detail = error instanceof SourceError ? error.detail : undefined
    return typeof detail === 'string' ? detail : undefined
  } catch {
    return undefined
  }
}

const causeOf = (error: unknown): unknown => {
  try {
    return error instanceof SourceError ? error.cause : error
  } catch {
    return error
  }
}
