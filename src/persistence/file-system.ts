import type { FileHandle } from 'node:fs/promises'
import { codeOf } from '../files/code-of.ts'
import { files, fs } from './node-fs.ts'
import { temporaryFor } from './temporary-files.ts'

export interface OpenFile {
  /** Resolves with the size in bytes, or `undefined` if it is not a plain file. */
  readonly size: () => Promise<number | undefined>
  /** Reads from the beginning. */
  readonly read: (maxBytes: number) => Promise<Buffer>
  /** Appends the whole text. */
  readonly write: (text: string) => Promise<void>
  /** Resolves when everything written would survive a loss of power. */
  readonly sync: () => Promise<void>
  readonly close: () => Promise<void>
}

/** What is found at a path, without following a symlink. */
export type FileKind = 'nothing' | 'file' | 'link' | 'folder' | 'other'

/** The steps of a load and a save. A test can make any of them fail, or end the process between two. */
export interface FileSystem {
  readonly inspect: (path: string) => Promise<FileKind>
  /** Rejects with `ENOENT` if there is no file. */
  readonly open: (path: string) => Promise<OpenFile>
  /** Creates a file that only its owner may read and write. Rejects if the path is taken. */
  readonly create: (path: string) => Promise<OpenFile>
  /** Creates a small file with this text in one step, for its owner only. False if the path is taken. */
  readonly createWhole: (path: string, text: string) => Promise<boolean>
  readonly rename: (from: string, to: string) => Promise<void>
  readonly unlink: (path: string) => Promise<void>
  /** Makes the names in a folder durable, if the system can do that. */
  readonly syncFolder: (path: string) => Promise<void>
  readonly list: (folder: string) => Promise<readonly string[]>
}

const OWNER_ONLY = 0o600

// Windows and some network file systems cannot sync a folder; there the rename alone must do.
const cannotSyncFolder = new Set(['EPERM', 'EISDIR', 'EINVAL', 'ENOTSUP'])

const readFirst = async (handle: FileHandle, maxBytes: number): Promise<Buffer> => {
  // The size is only a hint: the file may grow meanwhile.
  const { size } = await handle.stat()
  const buffer = Buffer.allocUnsafe(Math.min(size + 1, maxBytes))
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
  read: (maxBytes) => readFirst(handle, maxBytes),
  write: (text) => handle.writeFile(text, 'utf8'),
  sync: () => handle.sync(),
  close: () => handle.close(),
})

/** The files of the operating system. */
export const systemFiles: FileSystem = {
  inspect: async (path) => {
    try {
      const stats = await files().lstat(path)
      if (stats.isFile()) return 'file'
      if (stats.isSymbolicLink()) return 'link'
      return stats.isDirectory() ? 'folder' : 'other'
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return 'nothing'
      throw error
    }
  },
  // Non-blocking: a pipe in the file's place must not block a thread forever.
  open: async (path) => {
    const { O_RDONLY, O_NONBLOCK = 0 } = fs().constants
    return openFileOf(await files().open(path, O_RDONLY | O_NONBLOCK))
  },
  create: async (path) => openFileOf(await files().open(path, 'wx', OWNER_ONLY)),
  createWhole: async (path, text) => {
    const { temporary, done } = temporaryFor(path)
    try {
      await files().writeFile(temporary, text, { flag: 'wx', mode: OWNER_ONLY })
      // Unlike a rename, a link never replaces what is there.
      await files().link(temporary, path)
      return true
    } catch (error) {
      if (codeOf(error) === 'EEXIST') return false
      throw error
    } finally {
      await files()
        .unlink(temporary)
        .catch(() => {})
      done()
    }
  },
  rename: (from, to) => files().rename(from, to),
  unlink: (path) => files().unlink(path),
  syncFolder: async (path) => {
    try {
      const folder = await files().open(path, 'r')
      try {
        await folder.sync()
      } finally {
        await folder.close()
      }
    } catch (error) {
      if (!cannotSyncFolder.has(codeOf(error))) throw error
    }
  },
  list: (folder) => files().readdir(folder),
}
