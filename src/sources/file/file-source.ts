import { randomUUID } from 'node:crypto'
import type { Revision } from '../../model/revision.ts'
import { withTarget } from '../../api/internal/source-target.ts'
import { SourceError, type ReadResult, type Source, type SourceEvent } from '../../api/source.ts'
import { SingleFlight } from '../../async/single-flight.ts'
import { FileReader } from './file-reader.ts'
import type { WatchFolder } from '../../files/file-watcher.ts'
import { resolveOptions, type FileSourceOptions } from './options.ts'
import { Mounts } from './mounts.ts'
import { type FilesState, ReferencedFiles } from './referenced-files.ts'
import { Stabilizer } from '../../files/stabilizer.ts'
import { watchFile } from './watch-file.ts'

/**
 * Makes a source that reads and watches a config file. It handles atomic renames, the ways in which editors save,
 * half-written files, the deletion and return of the file and its folders, and swapped symlinks such as `..data` of a
 * Kubernetes ConfigMap.
 *
 * A read rejects with `source.denied` if the permission is missing, and with `source.failed` if the path leads to a
 * folder, a pipe or a device. A file over 64 MiB is `document.too-large`. A watch keeps the process alive until it ends.
 * With `format`, the file is parsed as JSONC, YAML or TOML by a package that you install: `jsonc-parser`, `yaml`, `smol-toml`.
 * A file that is mounted alone, and was replaced where it comes from, is reported as `source.detached`.
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 * @example
 * ```ts
 * import { createReloader } from 'changeover'
 * import { fileSource } from 'changeover/file'
 *
 * const reloader = createReloader({ source: fileSource({ path: '/etc/app/config.json' }), schema: Config })
 * ```
 */
export const fileSource = (options: FileSourceOptions): Source =>
  withTarget(createFileSource(options), { kind: 'file', options })

/** Makes a file source; in tests of the poll, `watchFolder` replaces `fs.watch`. */
export const createFileSource = (options: FileSourceOptions, watchFolder?: WatchFolder): Source => {
  const { path, format, alsoWatch, pollMs, settleMs, clock } = resolveOptions(options)
  // A file has no revisions, so the source counts the changes that its reads find. Each source counts from the start,
  // under a lineage of its own: a name such as `#3` means nothing to another process.
  const lineage = `file-${randomUUID()}`
  let order = 0
  let digest: string | undefined
  const reader = new FileReader(path, format)
  const files = new ReferencedFiles(path, alsoWatch, lineage, new Mounts())
  const stabilizer = new Stabilizer({ clock, settleMs })
  const openWatches = new Set<() => void>()
  let isClosed = false

  const reads = new SingleFlight(async (signal): Promise<ReadResult> => {
    const state = await stabilizer.read(() => files.read(), digest, signal)
    signal.throwIfAborted() // no caller waits, and the file may be half-written
    if (state.digest !== digest) order += 1
    digest = state.digest
    return toReadResult(state, { lineage, order, name: `#${order}` }, reader)
  })

  const read = async (signal: AbortSignal): Promise<ReadResult> => {
    try {
      return await reads.join(signal)
    } catch (error) {
      if (isClosed) throw new SourceError('source.closed')
      throw signal.aborted ? new SourceError('source.timeout', signal.reason) : error
    }
  }

  async function* watch(after: Revision, signal: AbortSignal): AsyncGenerator<SourceEvent, void, undefined> {
    if (signal.aborted) return
    if (!isClosed) yield* watchFile({ files, pollMs, clock, watchFolder, reads, openWatches }, after, signal)
    if (isClosed && !signal.aborted) throw new SourceError('source.closed')
  }

  return {
    name: 'file',
    endpoint: path,
    read,
    watch,
    close: async () => {
      isClosed = true
      for (const end of openWatches) end()
      reads.close(new SourceError('source.closed'))
    },
  }
}

const toReadResult = async (state: FilesState, at: Revision, reader: FileReader): Promise<ReadResult> => {
  const { fingerprint, warning } = state
  const found = { revision: at, ...(warning === undefined ? {} : { warning }) }
  if (state.kind === 'content') {
    const content = await reader.contentOf(state.bytes, state.digest)
    if (content.kind === 'malformed') return { ...content, ...found }
    return { ...content, ...found, ...(fingerprint === undefined ? {} : { fingerprint }) }
  }
  if (state.kind === 'missing') return { kind: 'missing', ...found }
  return { kind: 'malformed', ...found, code: 'document.too-large' }
}
