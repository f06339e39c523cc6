import { codeOf } from '../files/code-of.ts'
import { MARK, MAX_ENTRY_BYTES, UnusableEntry } from './codec.ts'
import type { FileKind, FileSystem, OpenFile } from './file-system.ts'

/** Uses a file and closes it, whatever happens. */
const using = async <T>(opening: Promise<OpenFile>, use: (file: OpenFile) => Promise<T>): Promise<T> => {
  const file = await opening
  try {
    return await use(file)
  } finally {
    await file.close()
  }
}

/** Writes a new file, durably. */
export const writeNew = (files: FileSystem, path: string, text: string): Promise<void> =>
  using(files.create(path), async (file) => {
    await file.write(text)
    await file.sync()
  })

/** Reads an entry; undefined if there is none. */
export const readEntry = async (files: FileSystem, path: string): Promise<string | undefined> => {
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
export const refuseUnlessOurs = async (files: FileSystem, path: string): Promise<void> => {
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
