import type { Clock } from '../api/clock.ts'
import { sleep } from '../async/deadline.ts'
import type { FileState } from './read-file.ts'

/** The part of a state that tells whether a file is finished. */
type Look = Pick<FileState, 'digest' | 'stamp' | 'modifiedAt' | 'isTorn' | 'isAbsent'>

export interface StabilizerOptions {
  readonly clock: Clock
  /** How long new content must stay unchanged, in milliseconds. */
  readonly settleMs: number
}

/** New content that has been seen, and has yet to stay unchanged for long enough. */
interface Pending {
  readonly digest: string
  readonly stamp: string
  /** When new content was first seen. */
  readonly startedAt: number
  readonly unchangedSince: number
  readonly lookedAt: number
}

/** An empty or missing file waits longer: its report is not urgent. */
const ABSENT_FACTOR = 4
const MAX_ABSENT_MS = 2_000

/** A file that is written all the time is reported after this long. */
const LIMIT_FACTOR = 20
const MAX_LIMIT_MS = 4_000

/**
 * Tells a finished file from a half-written one: its content must stay unchanged for `settleMs`. A read that is given up
 * does not begin anew: the next one goes on waiting where it has ended.
 */
export class Stabilizer {
  readonly #clock: Clock
  readonly #settleMs: number
  readonly #absentMs: number
  readonly #limitMs: number
  #pending: Pending | undefined

  constructor({ clock, settleMs }: StabilizerOptions) {
    this.#clock = clock
    this.#settleMs = settleMs
    this.#absentMs = Math.max(settleMs, Math.min(ABSENT_FACTOR * settleMs, MAX_ABSENT_MS))
    this.#limitMs = Math.max(2 * settleMs, Math.min(LIMIT_FACTOR * settleMs, MAX_LIMIT_MS))
  }

  /**
   * Looks until the content is known or stable. Returns what it has as soon as `signal` aborts.
   *
   * @param knownDigest the digest that was reported last; undefined before the first report
   */
  async read<S extends Look>(look: () => Promise<S>, knownDigest: string | undefined, signal: AbortSignal): Promise<S> {
    for (;;) {
      const state = await look()
      if (signal.aborted) return state
      const leftMs = this.#leftMs(state, knownDigest)
      if (leftMs <= 0) {
        this.#pending = undefined
        return state
      }
      await sleep(this.#clock, Math.min(leftMs, this.#settleMs), signal)
    }
  }

  /** How long the content must still stay as it is, in milliseconds. */
  #leftMs(state: Look, knownDigest: string | undefined): number {
    if (state.digest === knownDigest || (knownDigest === undefined && this.#isOld(state))) return 0
    const now = this.#clock.monotonic()
    const requiredMs = state.isAbsent ? this.#absentMs : this.#settleMs
    const { startedAt, unchangedSince } = this.#note(state, now, requiredMs)
    return Math.min(unchangedSince + requiredMs, startedAt + this.#limitMs) - now
  }

  /** True for a file that was finished before anybody asked for it. Later, its times are not trusted: clocks differ. */
  #isOld({ digest, isAbsent, isTorn, modifiedAt }: Look): boolean {
    if (digest === 'missing') return true
    return !isAbsent && !isTorn && this.#clock.now() - modifiedAt > this.#settleMs
  }

  #note({ digest, stamp }: Look, now: number, requiredMs: number): Pending {
    const before = this.#pending
    const isSame = before?.digest === digest && before.stamp === stamp
    // Nothing is known of a time in which nobody looked.
    const isContinued = before !== undefined && (isSame || now - before.lookedAt <= requiredMs * 2)
    this.#pending = {
      digest,
      stamp,
      startedAt: isContinued ? before.startedAt : now,
      unchangedSince: isSame ? before.unchangedSince : now,
      lookedAt: now,
    }
    return this.#pending
  }
}
