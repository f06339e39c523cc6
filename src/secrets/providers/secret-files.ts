import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type Clock, systemClock } from '../../api/clock.ts'
import { SecretError, type SecretProvider, type SecretValue } from '../../api/secret-provider.ts'
import { raceAbort } from '../../async/abort.ts'
import { type ChangeHint, createFileWatcher, type WatchFolder } from '../../files/file-watcher.ts'
import { type FileState, readFileState, readStamp } from '../../files/read-file.ts'
import { Stabilizer } from '../../files/stabilizer.ts'
import { checkMs, invalidOption } from '../../model/option-checks.ts'
import { refuse } from '../../model/refusal.ts'

/** Options of {@link secretFiles}. */
export interface SecretFilesOptions {
  /** How often the files are looked at if the system reports no change, in milliseconds. @default 2000 */
  readonly pollMs?: number
  /** How long new content must stay unchanged before it is read, in milliseconds. @default 100 */
  readonly settleMs?: number
  /** The source of time and timers. @default the system clock */
  readonly clock?: Clock
}

/** A file that was read. */
interface SecretFile {
  readonly path: string
  readonly stabilizer: Stabilizer
  digest: string | undefined
  /** Of its last read. */
  stamp: string | undefined
}

const MAX_BYTES = 1_048_576

/**
 * Makes a provider whose secrets are the files of a folder: of a Secret that Kubernetes mounts, of Docker's `/run/secrets`, or
 * one that an agent writes to. The name of a secret is the path of its file below the folder. The file is UTF-8 text; one line
 * break at its end is dropped, and an empty file counts as missing. Changes are watched, those of Kubernetes too, which
 * replaces the link `..data` that all files lead through.
 *
 * @throws ChangeoverError `reloader.invalid-option` if an option is not valid
 *
 * @example
 * ```ts
 * import { createReloader } from 'changeover'
 * import { secretFiles } from 'changeover/secrets'
 *
 * const reloader = createReloader({ source, schema: Config, secrets: { file: secretFiles('/run/secrets') } })
 * ```
 */
export const secretFiles = (folder: string | URL, options: SecretFilesOptions = {}): SecretProvider =>
  createSecretFiles(folder, options)

/** Makes the provider; in tests of the poll, `watchFolder` replaces `fs.watch`. */
export const createSecretFiles = (
  folder: string | URL,
  { pollMs = 2_000, settleMs = 100, clock = systemClock }: SecretFilesOptions,
  watchFolder?: WatchFolder,
): SecretProvider => {
  const root = resolve(folderPath(folder))
  checkMs('pollMs', pollMs, 1)
  checkMs('settleMs', settleMs)
  const files = new Map<string, SecretFile>()
  const wakes = new Set<() => void>()

  const fileOf = (name: string): SecretFile => {
    const known = files.get(name)
    if (known !== undefined) return known
    const stabilizer = new Stabilizer({ clock, settleMs })
    const file: SecretFile = { path: pathOf(root, name), stabilizer, digest: undefined, stamp: undefined }
    files.set(name, file)
    for (const wake of wakes) wake()
    return file
  }

  const read = async (name: string, signal: AbortSignal): Promise<SecretValue> => {
    const file = fileOf(name)
    file.stamp = await readStamp(file.path)
    const state = await file.stabilizer.read(() => readFileState(file.path), file.digest, signal)
    signal.throwIfAborted() // the file may be half-written
    file.digest = state.digest
    file.stamp = state.stamp
    return { value: textOf(state), version: `at ${state.modifiedAt}` }
  }

  const watch = (onChange: (name?: string) => void): (() => void) => {
    const ended = new AbortController()
    const paths = (): readonly string[] => [...files.values()].map(({ path }) => path)
    const watcher = createFileWatcher({ paths, pollMs, clock, watchFolder })
    const seen = new Map<string, string | undefined>()
    const look = async (): Promise<void> => {
      await watcher.refresh(ended.signal)
      for (const [name, file] of files) {
        const stamp = await raceAbort(readStamp(file.path), ended.signal)
        const before = seen.has(name) ? seen.get(name) : (file.stamp ?? stamp)
        seen.set(name, stamp)
        if (stamp !== before) onChange(name)
      }
    }
    const follow = async (): Promise<void> => {
      for (let hint: ChangeHint = 'event'; hint !== 'closed'; hint = await watcher.changed()) await look()
    }
    wakes.add(watcher.hint)
    follow().catch(() => {}) // it has ended: nothing else rejects
    return () => {
      wakes.delete(watcher.hint)
      ended.abort()
      watcher.close()
    }
  }
  return { read: (name, { signal }) => read(name, signal), watch }
}

const folderPath = (folder: unknown): string => {
  if (folder instanceof URL && folder.protocol === 'file:') return fileURLToPath(folder)
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw invalidOption('secretFiles takes the path of a folder, or its file: URL')
  }
  return folder
}

/** A name that leads out of the folder, or into what Kubernetes keeps behind `..data`, is refused. */
const pathOf = (root: string, name: string): string => {
  const parts = name.split('/')
  const isBelow = parts.every((part) => part !== '' && part !== '.' && !part.startsWith('..'))
  if (!isBelow || name.includes('\\') || name.includes('\0')) throw invalid('its name is no path below the folder')
  return join(root, ...parts)
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

const textOf = (state: FileState): string => {
  if (state.kind === 'missing') {
    throw new SecretError('secret.missing', Object.assign(new Error('no such file'), { code: 'ENOENT' }))
  }
  if (state.kind !== 'content' || state.bytes.length > MAX_BYTES) {
    throw invalid(`its file is larger than ${MAX_BYTES} bytes`)
  }
  try {
    return utf8.decode(state.bytes).replace(/\r?\n$/, '')
  } catch {
    throw invalid('its file is not valid UTF-8')
  }
}

/** An error whose text is shown. */
const invalid = (text: string): SecretError => {
  try {
    return refuse(text)
  } catch (cause) {
    return new SecretError('secret.invalid', cause)
  }
}
