import { watch, type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import type { Clock, TimerHandle } from '../api/clock.ts'
import { raceAbort } from '../async/abort.ts'
import { findFolders, toComparable, type WatchedFolder } from './folders.ts'

/** Starts to watch one folder, as `fs.watch` does. */
export type WatchFolder = (path: string, listener: (event: string, name: string | null) => void) => FSWatcher

/** Why the file may have changed: an event in a folder, or the poll. After `closed` there is no other hint. */
export type ChangeHint = 'event' | 'poll' | 'closed'

export interface FileWatcherOptions {
  readonly paths: () => readonly string[]
  readonly pollMs: number
  readonly clock: Clock
  /** @default fs.watch */
  readonly watchFolder?: WatchFolder | undefined
}

// Each round finds what appeared while the previous one set up its watchers. Faster changes are left to the poll.
const MAX_ROUNDS = 8

export type FileWatcher = ReturnType<typeof createFileWatcher>

/**
 * Makes a watcher that reports that a file at one of the paths may have changed, never how or which. It watches nothing before the first
 * `refresh`, and leaves nothing open after `close`.
 */
export const createFileWatcher = ({ paths, pollMs, clock, watchFolder = watch }: FileWatcherOptions) => {
  let hasChanged = false
  let isClosed = false
  let timer: TimerHandle
  let wake: () => void = () => undefined
  const hint = (): void => {
    hasChanged = true
    wake()
  }
  const folderWatchers = createFolderWatchers(watchFolder, hint)

  return {
    /** Watches the folders that matter now. Call it before each read of the file. Settles soon after an abort. */
    refresh: async (signal: AbortSignal): Promise<void> => {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const folders = await raceAbort(findFolders(paths()), signal)
        if (isClosed) return
        // The old watchers stay until a walk has succeeded: without them, only the poll would find a change.
        if (folders !== undefined && !folderWatchers.update(folders)) return
      }
    },
    /** Makes the next wait end at once. */
    hint,
    /** Waits for the next hint. Hints that come while no caller waits become one. */
    changed: async (): Promise<ChangeHint> => {
      if (!hasChanged && !isClosed) {
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = clock.setTimeout(resolve, pollMs)
        })
        clock.clearTimeout(timer)
      }
      if (isClosed) return 'closed'
      const reason = hasChanged ? 'event' : 'poll'
      hasChanged = false
      return reason
    },
    close: (): void => {
      isClosed = true
      folderWatchers.close()
      wake()
    },
  }
}

interface FolderWatcher {
  readonly identity: string
  readonly watcher: FSWatcher
  names: Set<string>
}

const createFolderWatchers = (watchFolder: WatchFolder, onChange: () => void) => {
  const watchers = new Map<string, FolderWatcher>()

  const drop = (path: string, entry: FolderWatcher): void => {
    if (watchers.get(path) === entry) watchers.delete(path)
    entry.watcher.close()
  }

  /** Returns true if the folders must be walked again: the watcher is new, or the folder vanished before. */
  const add = ({ path, identity, names }: WatchedFolder): boolean => {
    const known = watchers.get(path)
    if (known?.identity === identity) {
      known.names = names
      return false
    }
    if (known !== undefined) drop(path, known)
    const self = toComparable(basename(path))
    try {
      const watcher = watchFolder(path, (_event, name) => {
        // An event without a name, or with the folder's own name: the folder was moved or removed, and a new folder may
        // get its inode number. So the watcher is replaced.
        const isSelf = name === null || toComparable(name) === self
        if (isSelf) drop(path, entry)
        if (isSelf || entry.names.has(toComparable(name))) onChange()
      })
      const entry: FolderWatcher = { identity, watcher, names }
      watcher.on('error', () => drop(path, entry)) // the poll continues, and tries to watch again
      watchers.set(path, entry)
      return true
    } catch (error) {
      // ENOSPC, EMFILE: no inotify watch is left. EACCES: the folder cannot be listed. The poll continues.
      return error instanceof Error && 'code' in error && error.code === 'ENOENT'
    }
  }

  return {
    update: (folders: readonly WatchedFolder[]): boolean => {
      const wanted = new Set(folders.map(({ path }) => path))
      for (const [path, entry] of watchers) if (!wanted.has(path)) drop(path, entry)
      return folders.map(add).includes(true)
    },
    close: (): void => {
      for (const [path, entry] of watchers) drop(path, entry)
    },
  }
}
