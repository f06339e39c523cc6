import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, type Clock } from '../../api/clock.ts'
import { changeoverError } from '../../model/failure.ts'

/** Options of {@link fileSource}. */
export interface FileSourceOptions {
  /** The file with the document; it need not exist yet. A relative path is resolved once, when the source is made. */
  readonly path: string | URL
  /**
   * How often the file's times and size are looked at, in milliseconds: the safety net for changes that the system does
   * not report (network filesystems, containers' shared folders, no inotify watches left). Lower finds those sooner and
   * costs a few system calls each time. Default 2,000; 50 to 3,600,000.
   */
  readonly pollMs?: number
  /**
   * How long new content must have stood still before it is reported, in milliseconds: editors and scripts empty a file
   * before they write it. An empty or vanished file waits four times as long, a file that is written to without end at
   * most twenty times. 0 reports what is there at once. Default 50; 0 to 5,000.
   */
  readonly settleMs?: number
  /** For tests. Default: the machine's own. */
  readonly clock?: Clock
}

const numberOption = (name: string, value: number, least: number, most: number): number => {
  if (Number.isInteger(value) && value >= least && value <= most) return value
  throw changeoverError('reloader.invalid-option', { detail: `fileSource: ${name} takes ${least} to ${most} ms` })
}

const pathOption = (path: string | URL): string => {
  const detail = 'fileSource: path takes the path of a file or a file: URL'
  if (path instanceof URL) {
    if (path.protocol !== 'file:') throw changeoverError('reloader.invalid-option', { detail })
    return fileURLToPath(path)
  }
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return resolve(path)
  throw changeoverError('reloader.invalid-option', { detail })
}

/** The options, checked and with their defaults. Throws `reloader.invalid-option`. */
export const checkOptions = (options: FileSourceOptions) => ({
  path: pathOption(options.path),
  pollMs: numberOption('pollMs', options.pollMs ?? 2_000, 50, 3_600_000),
  settleMs: numberOption('settleMs', options.settleMs ?? 50, 0, 5_000),
  clock: options.clock ?? systemClock,
})
