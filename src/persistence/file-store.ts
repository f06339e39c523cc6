import { randomBytes } from 'node:crypto'
import { basename, dirname, join, resolve } from 'node:path'
import type { EntryName, GoodStore } from '../api/good-store.ts'
import { changeoverError } from '../model/failure.ts'
import { MARK, MAX_ENTRY_BYTES, UnusableEntry } from './codec.ts'
import { codeOf, type FileKind, type FileSystem, type OpenFile, systemFiles } from './file-system.ts'

const entryNames: readonly EntryName[] = ['good', 'good.1', 'good.2', 'journal']

/**
 * Creates a store that keeps entries as files: `path`, `path.1` and `path.2` hold the last known good and the two before
 * it, in any order, and `path.journal` holds the journal. Only their owner may read them (0600). The folder must exist; a
 * relative path is resolved now.
 *
 * A save writes a temporary file beside the entry, syncs it, renames it over the entry and syncs the folder: whatever
 * stops it, the entry is the old one or the new one. It replaces only a plain file that is an entry of Changeover's (of
 * any version, damaged or not), is empty or does not exist. A symlink, an unreadable file and any other file are left
 * alone, and the save rejects. Symlinks among the folders are followed, and a load follows any.
 *
 * A path belongs to one reloader. If two use it, each entry is still whole, but belongs to the one that saved last.
 *
 * @throws ChangeoverError `reloader.invalid-option` if the path is not one
 */
export const fileStore = (path: string, files: FileSystem = systemFiles): GoodStore => {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw changeoverError('reloader.invalid-option', { detail: 'lastKnownGood takes the path of a file, or a store' })
  }
  const main = resolve(path)
  const folder = dirname(main)
  const fileOf = (name: EntryName): string => (name === 'good' ? main : `${main}.${name.replace(/^good\./, '')}`)
  let isSwept = false

  /** Removes what processes that died during a save have left. */
  const sweep = async (): Promise<void> => {
    if (isSwept) return
    isSwept = true
    try {
      const stale = (await files.list(folder)).filter((name) =>
        entryNames.some((entry) => isStale(name, basename(fileOf(entry)))),
      )
      for (const name of stale) await files.unlink(join(folder, name)).catch(() => {})
    } catch {
      // Nothing depends on it; a folder that cannot be read shows when an entry is loaded.
    }
  }

  return {
    load: async (name) => {
      const text = await readEntry(files, fileOf(name))
      await sweep()
      return text
    },
    save: async (name, text) => {
      const file = fileOf(name)
      await refuseUnlessOurs(files, file)
      const suffix = `${process.pid}-${randomBytes(8).toString('hex')}.tmp`
      const temporary = `${file}.${suffix}`
      ownSuffixes.add(suffix)
      try {
        await writeNew(files, temporary, text)
        await files.rename(temporary, file)
      } catch (error) {
        await files.unlink(temporary).catch(() => {})
        throw error
      } finally {
        ownSuffixes.delete(suffix)
      }
      await files.syncFolder(folder)
    },
  }
}

// The temporary files that this process is writing. A process id alone does not tell: in a container the process before
// may have had the same.
const ownSuffixes = new Set<string>()

/**
 * True for a temporary file of `entry` that is not being written any more. A process in another container may lose its
 * file that way: its save fails and is retried.
 */
const isStale = (name: string, entry: string): boolean => {
  if (!name.startsWith(`${entry}.`)) return false
  const suffix = name.slice(entry.length + 1)
  const pid = Number(/^(\d{1,10})-[0-9a-f]{16}\.tmp$/.exec(suffix)?.[1])
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  return pid === process.pid ? !ownSuffixes.has(suffix) : !isRunning(pid)
}

const isRunning = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return codeOf(error) !== 'ESRCH'
  }
}

/** Uses a file and closes it, whatever happens. */
const using = async <T>(opening: Promise<OpenFile>, use: (file: OpenFile) => Promise<T>): Promise<T> => {
  const file = await opening
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

const writeNew = (files: FileSystem, path: string, text: string): Promise<void> =>
  using(files.create(path), async (file) => {
    await file.write(text)
    await file.sync()
  })

const readEntry = async (files: FileSystem, path: string): Promise<string | undefined> => {
  try {
    return await using(files.open(path), async (file) => {
      const size = await file.size()
      if (size === undefined) throw notPlain('other')
      // A file that large is not an entry, and must not fill the memory of a service that starts.
      if (size > MAX_ENTRY_BYTES) throw new UnusableEntry('persistence.damaged')
      // Invalid UTF-8 changes here, so the checksum does not match.
      return (await file.read(MAX_ENTRY_BYTES + 1)).toString('utf8')
    })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

/** Protects a file at a path that was set by mistake, such as that of the service's own config. */
const refuseUnlessOurs = async (files: FileSystem, path: string): Promise<void> => {
  const kind = await files.inspect(path)
  if (kind === 'nothing') return
  if (kind !== 'file') throw notPlain(kind)
  const head = await using(files.open(path), (file) => file.read(MARK.length))
  const text = head.toString('latin1')
  // A loss of power may leave an entry cut short, or full of zeros.
  if (MARK.startsWith(text) || /^\0*$/.test(text)) return
  throw new UnusableEntry('persistence.foreign')
}

const codes: Readonly<Record<Exclude<FileKind, 'nothing' | 'file'>, string>> = {
  link: 'ELOOP',
  folder: 'EISDIR',
  other: 'ERR_INVALID_ARG_VALUE',
}

const notPlain = (kind: keyof typeof codes): Error =>
  Object.assign(new Error('not a plain file'), { code: codes[kind] })
