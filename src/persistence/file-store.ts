import { basename, dirname, join, resolve } from 'node:path'
import { changeoverError } from '../model/failure.ts'
import { MARK, MAX_ENTRY_BYTES } from './codec.ts'
import { codeOf, systemFiles, type FileSystem, type OpenFile, type Standing } from './file-system.ts'
import { beginTemporary, isStale } from './temporary.ts'
import type { EntryName, GoodStore } from '../api/good-store.ts'
import { UnusableEntry } from './unusable.ts'

const names: readonly EntryName[] = ['good', 'good.1', 'good.2', 'journal']

/**
 * Keeps entries as files: `path` itself is the last known good, `path.1` and `path.2` the two before it, `path.journal`
 * the journal. All are readable by their owner only (0600). The folder must exist; a relative path is resolved now.
 *
 * A save writes a temporary file beside the entry, syncs it, renames it over the entry and syncs the folder: whatever
 * stops it, the entry is the old one or the new one. It replaces only a plain file that is an entry of Changeover's (of
 * whatever version, damaged or not), is empty or is not there: a symlink, a file that cannot be read and somebody else's
 * file are left alone, and the save rejects. Symlinks among the folders are followed, and a load follows any.
 *
 * A path belongs to one reloader. Where two use it, each entry is still whole, but is of the one that saved last.
 *
 * @throws ChangeoverError `reloader.invalid-option` for what is not a path
 */
export const fileStore = (path: string, files: FileSystem = systemFiles): GoodStore => {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw changeoverError('reloader.invalid-option', { detail: 'lastKnownGood takes the path of a file, or a store' })
  }
  const main = resolve(path)
  const folder = dirname(main)
  const fileOf = (name: EntryName): string => (name === 'good' ? main : `${main}.${name.replace(/^good\./, '')}`)
  let isSwept = false

  /** Removes what processes that died in a save have left. Best effort. */
  const sweep = async (): Promise<void> => {
    if (isSwept) return
    isSwept = true
    try {
      const stale = (await files.list(folder)).filter((name) =>
        names.some((entry) => isStale(name, basename(fileOf(entry)))),
      )
      for (const name of stale) await files.unlink(join(folder, name)).catch(() => {})
    } catch {
      // Nobody needs it; a folder that cannot be read shows when an entry is.
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
      const temporary = beginTemporary(file)
      try {
        await writeNew(files, temporary.path, text)
        await files.rename(temporary.path, file)
      } catch (error) {
        await files.unlink(temporary.path).catch(() => {})
        throw error
      } finally {
        temporary.end()
      }
      await files.syncFolder(folder)
    },
  }
}

/** Opens a file, uses it and closes it, whatever happens. */
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
      // Nobody's last known good is that large; it must not fill the memory of a service that starts.
      if (size > MAX_ENTRY_BYTES) throw new UnusableEntry('persistence.damaged')
      // What is no UTF-8 changes here, and its checksum with it.
      return (await file.read(MAX_ENTRY_BYTES + 1)).toString('utf8')
    })
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return undefined
    throw error
  }
}

const codes: Readonly<Record<Exclude<Standing, 'nothing' | 'file'>, string>> = {
  link: 'ELOOP',
  folder: 'EISDIR',
  other: 'ERR_INVALID_ARG_VALUE',
}

const notPlain = (standing: keyof typeof codes): Error =>
  Object.assign(new Error('not a plain file'), { code: codes[standing] })

/** A path set by mistake, to the service's own config say, must not cost anybody the file that stands there. */
const refuseUnlessOurs = async (files: FileSystem, path: string): Promise<void> => {
  const standing = await files.inspect(path)
  if (standing === 'nothing') return
  if (standing !== 'file') throw notPlain(standing)
  const head = await using(files.open(path), (file) => file.read(MARK.length))
  const text = head.toString('latin1')
  // A loss of power may leave an entry cut short, or full of zeros.
  if (MARK.startsWith(text) || /^\0*$/.test(text)) return
  throw new UnusableEntry('persistence.foreign')
}
