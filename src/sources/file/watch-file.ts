import { isNewer, type Revision } from '../../model/revision.ts'
import type { ReadResult, SourceEvent } from '../../api/source.ts'
import { raceAbort } from '../../async/abort.ts'
import type { SingleFlight } from '../../async/single-flight.ts'
import { createFileWatcher, type ChangeHint, type FileWatcherOptions } from '../../files/file-watcher.ts'
import type { ReferencedFiles } from './referenced-files.ts'

/** What a watch needs from its source. */
export interface WatchDeps extends Omit<FileWatcherOptions, 'paths'> {
  readonly files: ReferencedFiles
  readonly reads: SingleFlight<ReadResult>
  /** Functions that end the open watches, for `close`. */
  readonly openWatches: Set<() => void>
}

/** Reports the changes of the file. A hint only triggers a read, and the read starts when the consumer asks for it. */
export async function* watchFile(
  deps: WatchDeps,
  after: Revision,
  signal: AbortSignal,
): AsyncGenerator<SourceEvent, void, undefined> {
  const { files, reads, openWatches } = deps
  const ended = new AbortController()
  const watcher = createFileWatcher({ ...deps, paths: () => files.paths })
  // Called by the abort itself, since `finally` never runs for a consumer that hangs.
  const end = (): void => {
    openWatches.delete(end)
    signal.removeEventListener('abort', end)
    ended.abort()
    watcher.close()
  }
  openWatches.add(end)
  signal.addEventListener('abort', end, { once: true })
  let seen = after
  let stamp: string | undefined
  let warning: string | undefined
  try {
    await watcher.refresh(ended.signal)
    yield { kind: 'opened' }
    for (let hint: ChangeHint = 'event'; hint !== 'closed'; hint = await watcher.changed()) {
      await watcher.refresh(ended.signal)
      const nextStamp = await raceAbort(files.stamp(), ended.signal)
      if (hint === 'poll' && nextStamp === stamp) continue
      stamp = nextStamp
      const { paths } = files
      const result = await reads.join(ended.signal)
      if (files.paths !== paths) watcher.hint() // the document names other files, which are not watched yet
      if (!isNewer(result.revision, seen) && result.warning === warning) continue
      seen = result.revision
      warning = result.warning
      yield result
    }
  } catch (error) {
    if (!ended.signal.aborted) throw error
  } finally {
    end()
  }
}
