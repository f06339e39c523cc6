import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { systemClock, type Clock } from '../../api/clock.ts'
import { formatNames } from '../../formats/format-names.ts'
import type { FormatName } from '../../formats/text-format.ts'
import { checkCount, invalidOption } from '../../model/option-checks.ts'
import type { AlsoWatch } from './referenced-files.ts'

/** Options of {@link fileSource}. */
export interface FileSourceOptions {
  /** The file with the document; it need not exist yet. A relative path is resolved once, when the source is made. */
  readonly path: string | URL
  /**
   * The format of the file. All but `json` need a package that is installed beside Changeover: `jsonc-parser`, `yaml` or
   * `smol-toml`, which is loaded when the file is first read. The document becomes JSON, so that `parse` of the reloader gets
   * that too. @default 'json'
   */
  readonly format?: FormatName
  /**
   * The files that the document refers to, such as keys, certificates and passwords: a change of one prepares all modules
   * again. They need not exist. Give a function if the document names them: it gets the text of the document, and
   * returns the paths. @default none
   */
  readonly alsoWatch?: readonly (string | URL)[] | ((text: string) => readonly (string | URL)[])
  /**
   * How often the source checks the times and size of the file, in milliseconds: 50 to 3,600,000. This finds the changes
   * that the system does not report (network filesystems, shared folders of containers, no inotify watches left). A
   * lower value finds them sooner and costs a few system calls each time.
   * @default 2_000
   */
  readonly pollMs?: number
  /**
   * How long new content must stay unchanged before it is reported, in milliseconds: 0 to 5,000. Editors and scripts
   * empty a file before they write it, and some write it in pieces. The beginning of a JSON document is never a document,
   * but that of a YAML document is, so a file of any other kind waits longer. An empty or missing file waits up to four
   * times as long, at most 2 s; a file that is written all the time waits at most 4 s, or twice `settleMs`. With 0, the
   * source reports what it finds at once.
   * @default 50 for a name that ends with .json, 500 for any other
   */
  readonly settleMs?: number
  /** The clock for all waits; for tests. @default systemClock */
  readonly clock?: Clock
}

/** Checks the options and fills in the defaults. */
export const resolveOptions = (options: FileSourceOptions) => {
  const path = resolvePath('path', options.path)
  const settleMs = options.settleMs ?? (/\.json$/i.test(path) ? 50 : 500)
  const { format = 'json' } = options
  if (!formatNames.includes(format)) throw invalidOption(`fileSource: format must be one of ${formatNames.join(', ')}`)
  return {
    path,
    format,
    alsoWatch: resolveAlsoWatch(options.alsoWatch),
    pollMs: checkCount('fileSource: pollMs', options.pollMs ?? 2_000, 50, 3_600_000),
    settleMs: checkCount('fileSource: settleMs', settleMs, 0, 5_000),
    clock: options.clock ?? systemClock,
  }
}

const resolvePath = (option: string, path: string | URL): string => {
  if (path instanceof URL && path.protocol === 'file:') return fileURLToPath(path)
  if (typeof path === 'string' && path !== '' && !path.includes('\0')) return resolve(path)
  throw invalidOption(`fileSource: ${option} must be the path of a file or a file: URL`)
}

const resolveAlsoWatch = (given: FileSourceOptions['alsoWatch']): AlsoWatch | undefined => {
  const resolveAll = (paths: readonly (string | URL)[]): readonly string[] => {
    if (!Array.isArray(paths)) throw invalidOption('fileSource: alsoWatch must be an array of paths, or return one')
    return paths.map((path) => resolvePath('alsoWatch', path))
  }
  if (given === undefined) return undefined
  return typeof given === 'function' ? (text) => resolveAll(given(text)) : resolveAll(given)
}
