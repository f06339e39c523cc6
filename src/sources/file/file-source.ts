import { randomUUID } from 'node:crypto'
import type { Revision } from '../../model/revision.ts'
import { SourceError, type ReadResult, type Source, type SourceEvent } from '../../api/source.ts'
import type { WatchFolder } from './file-watcher.ts'
import { checkOptions, type FileSourceOptions } from './options.ts'
import { takeSample, type Sample } from './read-file.ts'
import { takeSettled } from './stabilize.ts'
import { createSharedRead } from '../../async/single-flight.ts'
import { watchFile } from './watch-file.ts'

/**
 * A file has no revisions, so the source counts the changes that its reads find. The count starts anew with each source,
 * under a lineage of its own: names such as `#3` say nothing to another process.
 */
const createHistory = () => {
  const lineage = `file-${randomUUID()}`
  let order = 0
  let digest: string | undefined
  return {
    known: (): string | undefined => digest,
    note: (sample: Sample): Revision => {
      if (sample.digest !== digest) order += 1
      digest = sample.digest
      return { lineage, order, name: `#${order}` }
    },
  }
}

const toReading = (sample: Sample, revision: Revision): ReadResult => {
  if (sample.kind === 'missing') return { kind: 'missing', revision }
  if (sample.kind === 'too-large') return { kind: 'malformed', revision, code: 'document.too-large' }
  return { kind: 'document', revision, content: sample.bytes }
}

/** The file source; `watchFolder` stands in for `fs.watch` in tests of the poll. */
export const createFileSource = (options: FileSourceOptions, watchFolder?: WatchFolder): Source => {
  const { path, pollMs, settleMs, clock } = checkOptions(options)
  const history = createHistory()
  const open = new Set<() => void>()
  let closed = false

  const reads = createSharedRead(async (signal): Promise<ReadResult> => {
    const take = (): Promise<Sample> => takeSample(path)
    const sample = await takeSettled({ clock, settleMs, take, known: history.known, signal })
    if (signal.aborted) throw new SourceError('source.timeout', signal.reason) // nobody waits; it may be half-written
    return toReading(sample, history.note(sample))
  })

  async function* watch(after: Revision, signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    if (signal.aborted) return
    if (!closed) yield* watchFile({ path, pollMs, clock, watchFolder, reads, open }, after, signal)
    if (closed && !signal.aborted) throw new SourceError('source.closed')
  }

  return {
    name: 'file',
    endpoint: path,
    read: reads.join,
    watch,
    close: async () => {
      closed = true
      for (const end of open) end()
      reads.close()
    },
  }
}
