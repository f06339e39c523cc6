import { createHash } from 'node:crypto'
import type { BigIntStats } from 'node:fs'
import { constants } from 'node:fs'
import { open, stat, type FileHandle } from 'node:fs/promises'
import { SourceError } from '../../api/source.ts'

/** More than this is never read into memory, whatever limit the reloader has: 64 MiB. */
export const MAX_BYTES = 64 * 1024 * 1024

/** What one look at the file found. */
export type Sample = {
  /** Equal for equal content; a hash, so that no content is kept. */
  readonly digest: string
  /** Identity and times of the file; different after nearly every write, even of the same content. */
  readonly stamp: string
} & (
  | { readonly kind: 'missing' }
  | { readonly kind: 'too-large'; readonly modifiedAt: number; readonly torn: boolean }
  | {
      readonly kind: 'content'
      readonly bytes: Uint8Array
      /** When it was last written, in milliseconds since the Unix epoch. */
      readonly modifiedAt: number
      /** True where it was written to while it was read. */
      readonly torn: boolean
    }
)

const missing: Sample = { kind: 'missing', digest: 'missing', stamp: 'missing' }

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : ''

const isAbsence = (error: unknown): boolean => codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR'

const toSourceError = (error: unknown): SourceError => {
  if (error instanceof SourceError) return error
  const code = codeOf(error)
  if (code === 'EACCES' || code === 'EPERM') return new SourceError('source.denied', error)
  if (code === 'ETIMEDOUT') return new SourceError('source.timeout', error)
  return new SourceError('source.failed', error)
}

const stampOf = (stats: BigIntStats): string =>
  `${stats.dev}:${stats.ino}:${stats.size}:${stats.mtimeNs}:${stats.ctimeNs}:${stats.mode}`

// A pipe or a device could block for ever or, when opened, do something; a folder has no content.
const refuseUnlessFile = (stats: BigIntStats): void => {
  if (stats.isFile()) return
  const code = stats.isDirectory() ? 'EISDIR' : 'ERR_INVALID_ARG_VALUE'
  throw new SourceError('source.failed', Object.assign(new Error('not a regular file'), { code }))
}

/** Reads to the end, at most one byte more than the limit; sizes are not believed, the file may grow or be a `/proc` one. */
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

const look = async (handle: FileHandle): Promise<Sample> => {
  const before = await handle.stat({ bigint: true })
  refuseUnlessFile(before)
  const isHuge = before.size > BigInt(MAX_BYTES)
  const bytes = isHuge ? Buffer.alloc(0) : await readAll(handle, Number(before.size))
  const after = await handle.stat({ bigint: true })
  const stamp = stampOf(after)
  const common = { stamp, modifiedAt: Number(after.mtimeMs), torn: stampOf(before) !== stamp }
  if (isHuge || bytes.length > MAX_BYTES) return { kind: 'too-large', digest: `too-large ${stamp}`, ...common }
  return { kind: 'content', digest: createHash('sha256').update(bytes).digest('base64'), bytes, ...common }
}

/** Looks at the file once. Rejects with a {@link SourceError}. */
export const takeSample = async (path: string): Promise<Sample> => {
  try {
    refuseUnlessFile(await stat(path, { bigint: true }))
    // Non-blocking, for the case that a pipe took the file's place just now.
    const handle = await open(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
    try {
      return await look(handle)
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (isAbsence(error)) return missing
    throw toSourceError(error)
  }
}

/** A cheap look that reads no content: the stamp that a sample would have, or the error's code. */
export const takeStamp = async (path: string): Promise<string> => {
  try {
    return stampOf(await stat(path, { bigint: true }))
  } catch (error) {
    return isAbsence(error) ? missing.stamp : codeOf(error)
  }
}
