import type { Clock } from '../api/clock.ts'
import type { BackoffOptions } from '../api/options.ts'
import type { ReadSecret, SecretAnswer } from '../api/secret-provider.ts'
import { cancelOnAbort } from '../async/abort.ts'
import { backoffMs } from '../async/backoff.ts'
import { type CallResult, DeadlineCall } from '../async/deadline.ts'
import { andThen } from '../async/thenable.ts'
import type { PinnedSecret } from '../model/secrets/pinned-secrets.ts'
import { classifyError, type ReadCode } from './classify-error.ts'

/** The least time between two reads of a secret that fails, and between two reads that no transaction asks for. */
export const MIN_READ_MS = 1_000

/** A provider that never answers must not gather calls without end. */
const MAX_UNSETTLED = 3

const MAX_SECRET_BYTES = 1_048_576
const LONGEST_VERSION = 512

export interface ReadFailure {
  readonly code: ReadCode
  readonly detail?: string
  readonly cause?: unknown
}

export type ReadOutcome =
  | { readonly kind: 'read'; readonly secret: PinnedSecret }
  | { readonly kind: 'failed'; readonly failed: ReadFailure }
  /** What asked for it has ended. */
  | { readonly kind: 'cancelled' }

export interface ReaderSettings {
  readonly clock: Clock
  readonly deadlineMs: number
  readonly backoff: Required<BackoffOptions>
  readonly random: () => number
  readonly onListenerError: (error: unknown) => void
}

/** Reads one secret, each time within a deadline, and after a failure not before its back-off has passed. */
export class SecretReader {
  readonly #read: ReadSecret
  readonly #name: string
  readonly #settings: ReaderSettings
  #known: PinnedSecret | undefined
  /** The version that the provider gave the known value. */
  #given: string | undefined
  #changes = 0
  #refreshMs: number | undefined
  #failed: ReadFailure | undefined
  #failures = 0
  #notBefore = Number.NEGATIVE_INFINITY
  #lastBegun = Number.NEGATIVE_INFINITY
  #begun = 0
  #noted = 0
  #unsettled = 0

  constructor(read: ReadSecret, name: string, settings: ReaderSettings) {
    this.#read = read
    this.#name = name
    this.#settings = settings
  }

  /** The newest value that was read. */
  get known(): PinnedSecret | undefined {
    return this.#known
  }

  /** Why the last read failed; undefined if it did not. */
  get failed(): ReadFailure | undefined {
    return this.#failed
  }

  /** When the provider wants it read again, in milliseconds after a read. */
  get refreshMs(): number | undefined {
    return this.#refreshMs
  }

  /** How long a read that no transaction asks for still waits, in milliseconds. */
  get waitMs(): number {
    const now = this.#settings.clock.monotonic()
    return Math.max(0, this.#notBefore - now, this.#lastBegun + MIN_READ_MS - now)
  }

  /** Takes over a value that was stored, until it has been read. */
  seed(secret: PinnedSecret): void {
    this.#known ??= secret
  }

  /** Reads; within the back-off of a failure it answers with that instead. Never rejects. */
  read(call: { readonly signal: AbortSignal }, isNoted = true): ReadOutcome | Promise<ReadOutcome> {
    const { clock, deadlineMs, onListenerError } = this.#settings
    const now = clock.monotonic()
    if (this.#failed !== undefined && now < this.#notBefore) return { kind: 'failed', failed: this.#failed }
    if (this.#unsettled >= MAX_UNSETTLED) {
      return this.#fail({ code: 'secret.unreachable', detail: `${MAX_UNSETTLED} earlier reads have not ended` })
    }
    this.#lastBegun = now
    const begun = ++this.#begun
    this.#unsettled += 1
    const settle = (): void => {
      this.#unsettled -= 1
    }
    const limits = { clock, deadlineMs, graceMs: 0, onListenerError, onLate: settle }
    const reading = new DeadlineCall<SecretAnswer>((context) => this.#read(this.#name, context), limits)
    const atOnce = reading.run()
    const ended = atOnce ?? cancelOnAbort(reading, call.signal)
    return andThen(ended, (result: CallResult<SecretAnswer>): ReadOutcome => {
      if (result.kind === 'done' || result.kind === 'failed') settle()
      return this.#outcomeOf(result, isNoted ? begun : 0)
    })
  }

  #outcomeOf(ended: CallResult<SecretAnswer>, begun: number): ReadOutcome {
    if (ended.kind === 'cancelled') return { kind: 'cancelled' }
    if (ended.kind === 'failed') return this.#fail({ code: classifyError(ended.error), cause: ended.error })
    if (ended.kind !== 'done') {
      return this.#fail({ code: 'secret.unreachable', detail: `deadlines.secretMs: ${this.#settings.deadlineMs} ms` })
    }
    const checked = checkAnswer(ended.value)
    return 'code' in checked ? this.#fail(checked) : { kind: 'read', secret: this.#note(checked, begun) }
  }

  #fail(failed: ReadFailure): ReadOutcome {
    const { clock, backoff, random } = this.#settings
    this.#failed = failed
    this.#failures += 1
    const delayMs = Math.max(MIN_READ_MS, backoffMs(backoff, this.#failures, random))
    this.#notBefore = clock.monotonic() + delayMs
    return { kind: 'failed', failed }
  }

  /** The version of a value says nothing of it: the one that the provider gave, and how often the value has changed under it. */
  #note({ value, version, refreshMs }: Checked, begun: number): PinnedSecret {
    this.#failed = undefined
    this.#failures = 0
    const before = this.#known
    if (before !== undefined && before.value === value && this.#given === version) return before
    // A read that began earlier may end later, and one of a dry run is not noted.
    if (begun < this.#noted || begun === 0) return { value, version: version ?? '' }
    this.#noted = begun
    if (before !== undefined && before.value !== value && this.#given === version) this.#changes += 1
    this.#given = version
    this.#refreshMs = refreshMs
    this.#known = { value, version: `${version ?? ''}${this.#changes === 0 ? '' : `#${this.#changes}`}` }
    return this.#known
  }
}

interface Checked {
  readonly value: string
  readonly version: string | undefined
  readonly refreshMs: number | undefined
}

const checkAnswer = (answer: unknown): Checked | ReadFailure => {
  if (answer === undefined || answer === null) return { code: 'secret.missing' }
  const { value, version, refreshMs } = partsOf(answer)
  if (typeof value !== 'string') return { code: 'secret.invalid', detail: 'its provider returned no text' }
  if (value === '') return { code: 'secret.missing', detail: 'it is empty' }
  const size = Buffer.byteLength(value)
  if (size > MAX_SECRET_BYTES) return { code: 'secret.invalid', detail: `it is larger than ${MAX_SECRET_BYTES} bytes` }
  if (!value.isWellFormed()) return { code: 'secret.invalid', detail: 'it is not valid Unicode' }
  return {
    value,
    version: typeof version === 'string' && version.length <= LONGEST_VERSION ? version : undefined,
    refreshMs: typeof refreshMs === 'number' && refreshMs > 0 ? Math.max(MIN_READ_MS, refreshMs) : undefined,
  }
}

/** Never throws, although a getter of the answer may. */
const partsOf = (answer: unknown): { value?: unknown; version?: unknown; refreshMs?: unknown } => {
  if (typeof answer === 'string') return { value: answer }
  try {
    const { value, version, refreshMs } = answer as { value?: unknown; version?: unknown; refreshMs?: unknown }
    return { value, version, refreshMs }
  } catch {
    return {}
  }
}
