import type { ReadResult } from '../../api/source.ts'
import { hashOf } from '../../model/data/digest.ts'
import type { Revision } from '../../model/revision.ts'

/** Content that a memory source accepts: text and bytes as they are, any other plain value as its JSON text. */
export type MemoryContent = string | Uint8Array | object | number | boolean | null

const encode = (content: MemoryContent): string | Uint8Array => {
  if (typeof content === 'string') return content
  if (content instanceof Uint8Array) return Uint8Array.from(content)
  const text: string | undefined = JSON.stringify(content)
  if (text === undefined) throw new TypeError('a memory source accepts text, bytes, or a value that has a JSON text')
  return text
}

/** Options of `memorySource`. */
export interface MemorySourceOptions {
  /**
   * What names a revision: the order at which its document was written, or its content, as ETags do. With `content`, the
   * same content written again has its old name, and a later order.
   * @default 'order'
   */
  readonly names?: 'order' | 'content'
}

/** One state of the document. */
interface Version {
  readonly content: string | Uint8Array | undefined
  readonly revision: Revision
}

/** Makes a document in memory that counts its revisions. */
export const createMemoryDocument = (
  initial: MemoryContent | undefined,
  { names = 'order' }: MemorySourceOptions = {},
) => {
  let lineage = 1
  const versionAt = (order: number, content: Version['content']): Version => ({
    content,
    revision: { lineage: `memory-${lineage}`, order, name: names === 'order' ? String(order) : nameOf(content) },
  })
  let current = versionAt(1, initial === undefined ? undefined : encode(initial))
  let previous: Version | undefined
  const write = (content: Version['content']): void => {
    previous = current
    current = versionAt(current.revision.order + 1, content)
  }
  return {
    revision: (): Revision => ({ ...current.revision }),
    read: (): ReadResult => resultOf(current),
    /** Reads the document as it was before the last change of this lineage, or as it is if there was no change. */
    readPrevious: (): ReadResult => resultOf(previous ?? current),
    put: (next: MemoryContent): void => write(encode(next)),
    /** Returns false if there was no document to delete. */
    delete: (): boolean => {
      if (current.content === undefined) return false
      write(undefined)
      return true
    },
    /** Raises the order, and keeps the name. */
    renew: (): void => {
      const { content, revision } = current
      current = { content, revision: { ...revision, order: revision.order + 1 } }
    },
    /** Starts the next lineage, without a document. */
    wipe: (): void => {
      previous = undefined
      lineage += 1
      current = versionAt(1, undefined)
    },
  }
}

const nameOf = (content: Version['content']): string =>
  content === undefined ? 'missing' : hashOf(content).slice(0, 10)

// Bytes are copied so that a consumer cannot change what the document holds.
const resultOf = ({ content, revision }: Version): ReadResult =>
  content === undefined
    ? { kind: 'missing', revision: { ...revision } }
    : {
        kind: 'document',
        revision: { ...revision },
        content: typeof content === 'string' ? content : content.slice(),
      }

export type MemoryDocument = ReturnType<typeof createMemoryDocument>
