import { constants } from 'node:fs'
import { lstat, open, readdir, rename, unlink, type FileHandle } from 'node:fs/promises'

/** A file that is open. */
export interface OpenFile {
  /** Its size in bytes; `undefined` for what is not a plain file. */
  readonly size: () => Promise<number | undefined>
  /** The first bytes, at most `most` of them. */
  readonly read: (most: number) => Promise<Buffer>
  /** Appends all of it. */
  readonly write: (text: string) => Promise<void>
  /** Resolves when what was written would survive a loss of power. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What stands at a path; a symlink is not followed. */
export type Standing = 'nothing' | 'file' | 'link' | 'folder' | 'other'

/** The steps of which a load and a save are made, so that a test can fail or end the process between any two of them. */
export interface FileSystem {
  readonly inspect: (path: string) => Promise<Standing>
  /** Rejects with `ENOENT` where there is no file. */
  readonly open: (path: string) => Promise<OpenFile>
  /** A new file that only the owner may read and write. Rejects where something stands there already. */
  readonly create: (path: string) => Promise<OpenFile>
  readonly rename: (from: string, to: string) => Promise<void>
  readonly unlink: (path: string) => Promise<void>
  /** Makes the names in a folder durable, where the system can do that. */
  readonly syncFolder: (path: string) => Promise<void>
  readonly list: (folder: string) => Promise<readonly string[]>
}

/** The code of a system error, or ''. */
export const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const OWNER_ONLY = 0o600

// Windows and some network filesystems cannot sync a folder; there the rename alone has to do.
const cannotSyncFolder = new Set(['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'])

const readFirst = async (handle: FileHandle, most: number): Promise<Buffer> => {
  // Sizes are not believed: the file may grow meanwhile.
  const { size } = await handle.stat()
  const buffer = Buffer.allocUnsafe(Math.min(size + 1, most))
  let length = 0
  while (length < buffer.length) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

const openFileOf = (handle: FileHandle): OpenFile => ({
  size: async () => {
    const stats = await handle.stat()
    return stats.isFile() ? stats.size : undefined
  },
  read: (most) => readFirst(handle, most),
  write: (text) => handle.writeFile(text, 'utf8'),
  sync: () => handle.sync(),
  close: () => handle.close(),
})

/** The machine's own. */
export const systemFiles: FileSystem = {
  inspect: async (path) => {
    try {
      const stats = await lstat(path)
      if (stats.isFile()) return 'file'
      if (stats.isSymbolicLink()) return 'link'
      return stats.isDirectory() ? 'folder' : 'other'
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'nothing'
      throw error
    }
  },
  // Non-blocking: a pipe in the file's place must not hold a thread for ever.
  open: async (path) => openFileOf(await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))),
  create: async (path) => openFileOf(await open(path, 'wx', OWNER_ONLY)),
  rename,
  unlink,
  syncFolder: async (path) => {
    try {
      const folder = await open(path, 'r')
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    } catch (error) {
      if (!cannotSyncFolder.has(codeOf(error))) throw error
    }
  },
  list: (folder) => readdir(folder),
}
