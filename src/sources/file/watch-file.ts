import type { Clock } from '../../api/clock.ts'
import { isNewer, type Revision } from '../../model/revision.ts'
import type { ReadResult, SourceEvent } from '../../api/source.ts'
import { untilAborted } from '../../async/abort.ts'
import { createDoorbell, type Ring, type WatchFolder } from './file-watcher.ts'
import { takeStamp } from './read-file.ts'
import type { SharedRead } from '../../async/single-flight.ts'

/** What a watch needs of its source. */
export interface WatchParts {
  readonly path: string
  readonly pollMs: number
  readonly clock: Clock
  readonly watchFolder: WatchFolder | undefined
  readonly reads: SharedRead<ReadResult>
  /** The ends of all open watches, for `close`. */
  readonly open: Set<() => void>
}

/** One watch: whatever rings, the truth is what a read finds, and only when the consumer asks for it. */
export async function* watchFile(
  parts: WatchParts,
  after: Revision,
  signal: AbortSignal,
): AsyncGenerator<SourceEvent, void, undefined> {
  const { path, reads, open } = parts
  const ended = new AbortController()
  const bell = createDoorbell(parts)
  // On the abort itself, since a consumer that hangs would never let `finally` run.
  const end = (): void => {
    open.delete(end)
    signal.removeEventListener('abort', end)
    ended.abort()
    bell.close()
  }
  open.add(end)
  signal.addEventListener('abort', end, { once: true })
  let seen = after
  let stamp: string | undefined
  try {
    await bell.refresh(ended.signal)
    yield { kind: 'opened' }
    for (let ring: Ring = 'event'; ring !== 'closed'; ring = await bell.rung()) {
      await bell.refresh(ended.signal)
      const nextStamp = await untilAborted(takeStamp(path), ended.signal)
      if (ring === 'poll' && nextStamp === stamp) continue
      stamp = nextStamp
      const reading = await reads.join(ended.signal)
      if (!isNewer(reading.revision, seen)) continue
      seen = reading.revision
      yield reading
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error
  } finally {
    end()
  }
}
