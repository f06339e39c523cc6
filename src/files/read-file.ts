import { createHash } from 'node:crypto'
import { constants, type BigIntStats } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { SourceError } from '../api/source.ts'
import { codeOf } from './code-of.ts'

/** The most that is ever read into memory, whatever limit the reloader has: 64 MiB. */
export const MAX_BYTES = 64 * 1024 * 1024

/** What one read of the file found. */
export type FileState = {
  /** Equal for equal content. A hash, so that no content is kept. */
  readonly digest: string
  /** Identity and times of the file. Differs after nearly every write, even of the same content. */
  readonly stamp: string
  /** When the file was last written, in milliseconds since the Unix epoch. */
  readonly modifiedAt: number
  /** True if the file was written to while it was read. */
  readonly isTorn: boolean
  /** True if a file is missing or empty, most often because a writer is between two steps. */
  readonly isAbsent: boolean
} & ({ readonly kind: 'missing' | 'too-large' } | { readonly kind: 'content'; readonly bytes: Uint8Array })

const missing: FileState = {
  kind: 'missing',
  digest: 'missing',
  stamp: 'missing',
  modifiedAt: 0,
  isTorn: false,
  isAbsent: true,
}

/** Reads the file once. Rejects with a {@link SourceError}. */
export const readFileState = async (path: string): Promise<FileState> => {
  try {
    refuseUnlessFile(await stat(path, { bigint: true }))
    // Non-blocking, in case a pipe has just taken the file's place.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      return await readHandle(handle)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isAbsence(error)) return missing
    throw toSourceError(error)
  }
}

/** Returns the stamp that `readFileState` would find, or the error's code. Cheap, since it reads no content. */
export const readStamp = async (path: string): Promise<string> => {
  try {
    return stampOf(await stat(path, { bigint: true }))
  } catch (error) {
    return isAbsence(error) ? missing.stamp : codeOf(error)
  }
}

const readHandle = async (handle: FileHandle): Promise<FileState> => {
  const before = await handle.stat({ bigint: true })
  refuseUnlessFile(before)
  const isHuge = before.size > BigInt(MAX_BYTES)
  const bytes = isHuge ? Buffer.alloc(0) : await readAll(handle, Number(before.size))
  const after = await handle.stat({ bigint: true })
  const stamp = stampOf(after)
  const isTorn = stampOf(before) !== stamp
  const common = { stamp, modifiedAt: Number(after.mtimeMs), isTorn, isAbsent: !isHuge && bytes.length === 0 }
  if (isHuge || bytes.length > MAX_BYTES) return { kind: 'too-large', digest: `too-large ${stamp}`, ...common }
  return { kind: 'content', digest: createHash('sha256').update(bytes).digest('base64'), bytes, ...common }
}

/**
 * Reads to the end, or to one byte beyond the limit. It does not rely on `expected`: the file may grow, and files in
 * `/proc` have no size.
 */
const readAll = async (handle: FileHandle, expected: number): Promise<Buffer> => {
  let buffer: Buffer = Buffer.allocUnsafe(Math.min(expected, MAX_BYTES) + 1)
  let length = 0
  for (;;) {
    const { bytesRead } = await handle.read(buffer, length, buffer.length - length, length)
    if (bytesRead === 0) return buffer.subarray(0, length)
    length += bytesRead
    if (length > MAX_BYTES) return buffer.subarray(0, length)
    if (length < buffer.length) continue
    const larger = Buffer.allocUnsafe(Math.min(Math.max(buffer.length * 2, 4096), MAX_BYTES + 1))
    buffer.copy(larger, 0, 0, length)
    buffer = larger
  }
}

const stampOf = (stats: BigIntStats): string =>
  `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}:${stats.mode}`

// Opening a pipe or a device can block forever or have side effects; a folder has no content.
const refuseUnlessFile = (stats: BigIntStats): void => {
  if (stats.isFile()) return
  const code = stats.isDirectory() ? 'EISDIR' : 'ERR_INVALID_ARG_VALUE'
  throw new SourceError('source.failed', Object.assign(new Error('not a regular file'), { code }))
}

const isAbsence = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'

const toSourceError = (error: unknown): SourceError => {
  if (error instanceof SourceError) return error
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM') return new SourceError('source.denied', error)
  if (code === 'ETIMEDOUT') return new SourceError('source.timeout', error)
  return new SourceError('source.failed', error)
}
