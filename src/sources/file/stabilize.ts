import type { Clock } from '../../api/clock.ts'
import type { Sample } from './read-file.ts'

/** How a half-written file is told from a finished one. */
export interface SettleOptions {
  readonly clock: Clock
  /** How long new content must have stood still. */
  readonly settleMs: number
  readonly take: () => Promise<Sample>
  /** The digest of what was reported last, if anything was. */
  readonly known: () => string | undefined
  readonly signal: AbortSignal
}

// An empty or missing file is most often an editor between two steps, and nothing is urgent about it: wait longer.
const ABSENT_FACTOR = 4

// A file that is written to all the time is reported all the same, after this many times `settleMs`.
const LIMIT_FACTOR = 20

const pause = (clock: Clock, ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = clock.setTimeout(end, ms)
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  })

const isAbsent = (sample: Sample): boolean =>
  sample.kind === 'missing' || (sample.kind === 'content' && sample.bytes.length === 0)

/** True where there is no reason to look again: nothing new, or new content that was written some time ago. */
const isTrusted = (sample: Sample, { clock, settleMs, known }: SettleOptions): boolean => {
  if (sample.digest === known()) return true
  if (sample.kind === 'missing') return known() === undefined
  return !isAbsent(sample) && !sample.torn && clock.now() - sample.modifiedAt > settleMs
}

/** Looks until the file stands still, at most 20 times `settleMs`; ends at once, with what it has, when `signal` aborts. */
export const takeSettled = async (options: SettleOptions): Promise<Sample> => {
  const { clock, settleMs, take, signal } = options
  const startedAt = clock.monotonic()
  let sample = await take()
  let quietSince = clock.monotonic()
  for (;;) {
    const now = clock.monotonic()
    const quietMs = isAbsent(sample) ? settleMs * ABSENT_FACTOR : settleMs
    if (signal.aborted || isTrusted(sample, options)) return sample
    if (now - quietSince >= quietMs || now - startedAt >= settleMs * LIMIT_FACTOR) return sample
    await pause(clock, settleMs, signal)
    const next = await take()
    if (next.digest !== sample.digest || next.stamp !== sample.stamp) quietSince = clock.monotonic()
    sample = next
  }
}
