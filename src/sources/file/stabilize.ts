import type { Clock } from '../../api/clock.ts'
import { sleep } from '../../async/deadline.ts'
import type { FileState } from './read-file.ts'

/** How a finished file is told from a half-written one. */
export interface StabilizeOptions {
  readonly clock: Clock
  /** How long new content must stay unchanged, in milliseconds. */
  readonly settleMs: number
  readonly read: () => Promise<FileState>
  /** The digest that was reported last; undefined before the first report. */
  readonly knownDigest: string | undefined
  readonly signal: AbortSignal
}

// An empty or missing file most often means that an editor is between two steps, and its report is not urgent.
const ABSENT_FACTOR = 4

// A file that is written all the time is reported after this many times `settleMs`.
const LIMIT_FACTOR = 20

/** Reads until the file is stable, for at most 20 times `settleMs`. Returns what it has as soon as `signal` aborts. */
export const readStable = async (options: StabilizeOptions): Promise<FileState> => {
  const { clock, settleMs, read, signal } = options
  const startedAt = clock.monotonic()
  let state = await read()
  let unchangedSince = clock.monotonic()
  for (;;) {
    const now = clock.monotonic()
    const requiredMs = isAbsent(state) ? settleMs * ABSENT_FACTOR : settleMs
    if (signal.aborted || isTrusted(state, options)) return state
    if (now - unchangedSince >= requiredMs || now - startedAt >= settleMs * LIMIT_FACTOR) return state
    await sleep(clock, settleMs, signal)
    const next = await read()
    if (next.digest !== state.digest || next.stamp !== state.stamp) unchangedSince = clock.monotonic()
    state = next
  }
}

/** True if there is no reason to read again: the content is known, or it was written some time ago. */
const isTrusted = (state: FileState, { clock, settleMs, knownDigest }: StabilizeOptions): boolean => {
  if (state.digest === knownDigest) return true
  if (state.kind === 'missing') return knownDigest === undefined
  return !isAbsent(state) && !state.isTorn && clock.now() - state.modifiedAt > settleMs
}

const isAbsent = (state: FileState): boolean =>
  state.kind === 'missing' || (state.kind === 'content' && state.bytes.length === 0)
