import { dirname, resolve } from 'node:path'
import type { EntryName, GoodStore } from '../api/good-store.ts'
import { changeoverError } from '../model/failure.ts'
import { readEntry, refuseUnlessOurs, writeNew } from './entry-file.ts'
import { type FileSystem, systemFiles } from './file-system.ts'
import { type Processes, systemProcesses } from './sharing/owner.ts'
import { entryNames, fileOf, SlotFolder } from './sharing/slot-folder.ts'
import { withInternals } from './sharing/store-internals.ts'
import { fileKey } from './sharing/stores-in-use.ts'
import { temporaryFor } from './temporary-files.ts'

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
 * Each process has a slot of its own: the first has these files, one that starts while the first lives has
 * `path.slot1` and so on (see `SlotFolder`). The first load chooses the slot.
 *
 * @throws ChangeoverError `reloader.invalid-option` if the path is not one
 */
export const fileStore = (
  path: string,
  files: FileSystem = systemFiles,
  processes: Processes = systemProcesses(),
): GoodStore => {
  if (typeof path !== 'string' || path === '' || path.includes('\0')) {
    throw changeoverError('reloader.invalid-option', { detail: 'lastKnownGood takes the path of a file, or a store' })
  }
  const main = resolve(path)
  const slots = new SlotFolder(main, files, processes)

  const store: GoodStore = {
    load: async (name) => {
      await slots.open()
      return readEntry(files, fileOf(slots.base, name))
    },
    save: async (name, text) => {
      await slots.reopen()
      const file = fileOf(slots.base, name)
      await refuseUnlessOurs(files, file)
      const { temporary, done } = temporaryFor(file)
      try {
        await writeNew(files, temporary, text)
        await files.rename(temporary, file)
      } catch (error) {
        await files.unlink(temporary).catch(() => {})
        throw error
      } finally {
        done()
      }
      await files.syncFolder(dirname(file))
    },
  }
  return withInternals(store, {
    processes,
    keys: () => entryNames.map((name: EntryName) => fileKey(fileOf(main, name))),
    others: (adopt) => slots.others(adopt),
    discardAdopted: () => slots.discardAdopted(),
    release: () => slots.release(),
  })
}
