import { watch, type FSWatcher } from 'node:fs'
import { basename } from 'node:path'
import type { Clock, TimerHandle } from '../../api/clock.ts'
import { untilAborted } from '../../async/abort.ts'
import { findFolders, toName, type WatchedFolder } from './folders.ts'

/** Starts to watch one folder; what `fs.watch` is to the doorbell. */
export type WatchFolder = (path: string, listener: (event: string, name: string | null) => void) => FSWatcher

/** Why it rang: an event in a folder, or the poll; `closed` is the last one. */
export type Ring = 'event' | 'poll' | 'closed'

/** What a {@link Doorbell} needs. */
export interface DoorbellOptions {
  readonly path: string
  readonly pollMs: number
  readonly clock: Clock
  /** Default: `fs.watch`. */
  readonly watchFolder?: WatchFolder | undefined
}

/** Says that the file may have changed; never how. */
export interface Doorbell {
  /** Watches the folders that matter now. To be called before each look at the file; settles soon after an abort. */
  readonly refresh: (signal: AbortSignal) => Promise<void>
  /** Waits for a ring. Rings while nobody waits become one. */
  readonly rung: () => Promise<Ring>
  readonly close: () => void
}

interface Watched {
  readonly identity: string
  readonly watcher: FSWatcher
  names: Set<string>
}

// Each round finds what appeared while the round before set up its watchers; a folder that changes faster is the poll's.
const MAX_ROUNDS = 8

/** The watchers of folders, by path. */
const createWatchers = (watchFolder: WatchFolder, ring: () => void) => {
  const watched = new Map<string, Watched>()

  const drop = (path: string, entry: Watched): void => {
    if (watched.get(path) === entry) watched.delete(path)
    entry.watcher.close()
  }

  /** True where the folder must be looked for again: a watcher was made just now, or the folder vanished before. */
  const add = ({ path, identity, names }: WatchedFolder): boolean => {
    const known = watched.get(path)
    if (known?.identity === identity) {
      known.names = names
      return false
    }
    if (known !== undefined) drop(path, known)
    const self = toName(basename(path))
    try {
      const watcher = watchFolder(path, (_event, name) => {
        // An event without a name, or with the folder's own: it was itself moved or removed, and its inode number may
        // return in a new folder. So it is watched anew.
        const isSelf = name === null || toName(name) === self
        if (isSelf) drop(path, entry)
        if (isSelf || entry.names.has(toName(name))) ring()
      })
      const entry: Watched = { identity, watcher, names }
      watcher.on('error', () => drop(path, entry)) // the poll goes on, and tries to watch again
      watched.set(path, entry)
      return true
    } catch (error) {
      // ENOSPC, EMFILE: no inotify watch is left; EACCES: a folder that may not be listed. The poll goes on.
      return error instanceof Error && 'code' in error && error.code === 'ENOENT'
    }
  }

  return {
    update: (folders: readonly WatchedFolder[]): boolean => {
      const wanted = new Set(folders.map(({ path }) => path))
      for (const [path, entry] of watched) if (!wanted.has(path)) drop(path, entry)
      return folders.map(add).includes(true)
    },
    close: (): void => {
      for (const [path, entry] of watched) drop(path, entry)
    },
  }
}

/** Hangs a bell at `path`: silent before the first `refresh`, gone without a trace after `close`. */
export const createDoorbell = ({ path, pollMs, clock, watchFolder = watch }: DoorbellOptions): Doorbell => {
  let isRung = false
  let isClosed = false
  let timer: TimerHandle
  let wake: () => void = () => undefined
  const ring = (): void => {
    isRung = true
    wake()
  }
  const watchers = createWatchers(watchFolder, ring)

  return {
    refresh: async (signal) => {
      for (let round = 0; round < MAX_ROUNDS; round++) {
        const folders = await untilAborted(findFolders(path), signal)
        if (isClosed) return
        // Old watchers stay until a walk has come to its end: without any, nothing would ring but the poll.
        if (folders !== undefined && !watchers.update(folders)) return
      }
    },
    rung: async () => {
      if (!isRung && !isClosed) {
        await new Promise<void>((resolve) => {
          wake = resolve
          timer = clock.setTimeout(resolve, pollMs)
        })
        clock.clearTimeout(timer)
      }
      if (isClosed) return 'closed'
      const reason = isRung ? 'event' : 'poll'
      isRung = false
      return reason
    },
    close: () => {
      isClosed = true
      watchers.close()
      wake()
    },
  }
}
