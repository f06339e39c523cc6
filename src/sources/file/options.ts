import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, type Clock } from '../../api/clock.ts'
import { checkCount, invalidOption } from '../../model/option-checks.ts'

/** Options of {@link fileSource}. */
export interface FileSourceOptions {
  /** The file with the document; it need not exist yet. A relative path is resolved once, when the source is made. */
  readonly path: string | URL
  /**
   * How often the source checks the times and size of the file, in milliseconds: 50 to 3,600,000. This finds the changes
   * that the system does not report (network filesystems, shared folders of containers, no inotify watches left). A
   * lower value finds them sooner and costs a few system calls each time.
   * @default 2_000
   */
  readonly pollMs?: number
  /**
   * How long new content must stay unchanged before it is reported, in milliseconds: 0 to 5,000. Editors and scripts
   * empty a file before they write it. An empty or missing file waits four times as long; a file that is written all the
   * time waits at most twenty times as long. With 0, the source reports what it finds at once.
   * @default 50
   */
  readonly settleMs?: number
  /** The clock for all waits; for tests. @default systemClock */
  readonly clock?: Clock
}

/** Checks the options and fills in the defaults. */
export const resolveOptions = (options: FileSourceOptions) => ({
  path: resolvePath(options.path),
  pollMs: checkCount('fileSource: pollMs', options.pollMs ?? 2_000, 50, 3_600_000),
  settleMs: checkCount('fileSource: settleMs', options.settleMs ?? 50, 0, 5_000),
  clock: options.clock ?? systemClock,
})

const resolvePath = (path: string | URL): string => {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path)
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return resolve(path)
  throw invalidOption('fileSource: path must be the path of a file or a file: URL')
}
