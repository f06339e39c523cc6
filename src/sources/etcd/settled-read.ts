import type { Clock } from '../../api/clock.ts'
import { SourceError, type ReadResult } from '../../api/source.ts'
import { linkSignals } from '../../async/abort.ts'
import { sleep } from '../../async/deadline.ts'
import { isSameRevision, type Revision } from '../../model/revision.ts'

export interface SettleOptions {
  readonly clock: Clock
  /** How long a new state must stay unchanged, in milliseconds. */
  readonly settleMs: number
  /** Ends all waits. */
  readonly closed: AbortSignal
}

type Read = (signal: AbortSignal) => Promise<ReadResult>

// A state that changes all the time is returned after this many times `settleMs`, and in any case well before the
// default deadline of a read.
const LIMIT_FACTOR = 10
const LONGEST_WAIT_MS = 2_500

/**
 * Makes a read that returns a new state only once it has stayed unchanged for `settleMs`, since writers without a
 * transaction put one key after the other. The state that was returned last is returned again at once.
 */
export const settledRead = (read: Read, { clock, settleMs, closed }: SettleOptions): Read => {
  if (settleMs === 0) return read
  const longestMs = Math.min(settleMs * LIMIT_FACTOR, LONGEST_WAIT_MS)
  let returned: Revision | undefined
  // When the wait began that is not over, and when it was last seen. It outlives a read that its caller has ended: short
  // deadlines must not hold back what a steady writer writes.
  let waiting = { since: Number.NEGATIVE_INFINITY, seenAt: Number.NEGATIVE_INFINITY }

  const wait = async (signal: AbortSignal): Promise<void> => {
    const either = linkSignals(signal, closed)
    await sleep(clock, settleMs, either.signal)
    either.unlink()
    if (either.signal.aborted) throw new SourceError('source.closed')
  }

  return async (signal) => {
    let found = await read(signal)
    const now = clock.monotonic()
    const since = now - waiting.seenAt <= longestMs ? waiting.since : now
    for (let isSettled = false; !isSettled && !isSameRevision(found.revision, returned); ) {
      waiting = { since, seenAt: clock.monotonic() }
      if (waiting.seenAt - since >= longestMs) break
      await wait(signal)
      const next = await read(signal)
      isSettled = isSameRevision(next.revision, found.revision)
      found = next
    }
    returned = found.revision
    waiting.seenAt = Number.NEGATIVE_INFINITY
    return found
  }
}
