import type { ReadResult } from '../../api/source.ts'
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

/** Makes a document in memory that counts its revisions. */
export const createMemoryDocument = (initial: MemoryContent | undefined) => {
  let content = initial === undefined ? undefined : encode(initial)
  let lineage = 1
  let order = 1
  let previous: { readonly content: string | Uint8Array | undefined; readonly order: number } | undefined
  const revisionAt = (at: number): Revision => ({ lineage: `memory-${lineage}`, order: at, name: String(at) })
  const revision = (): Revision => revisionAt(order)
  // Bytes are copied so that a consumer cannot change what the document holds.
  const resultOf = (text: string | Uint8Array | undefined, of: Revision): ReadResult =>
    text === undefined
      ? { kind: 'missing', revision: of }
      : { kind: 'document', revision: of, content: typeof text === 'string' ? text : text.slice() }
  const read = (): ReadResult => resultOf(content, revision())
  return {
    revision,
    read,
    /** Reads the document as it was before the last change of this lineage, or as it is if there was no change. */
    readPrevious: (): ReadResult =>
      previous === undefined ? read() : resultOf(previous.content, revisionAt(previous.order)),
    put: (next: MemoryContent): void => {
      previous = { content, order }
      content = encode(next)
      order += 1
    },
    /** Returns false if there was no document to delete. */
    delete: (): boolean => {
      if (content === undefined) return false
      previous = { content, order }
      content = undefined
      order += 1
      return true
    },
    /** Starts the next lineage, without a document. */
    wipe: (): void => {
      previous = undefined
      content = undefined
      lineage += 1
      order = 1
    },
  }
}

export type MemoryDocument = ReturnType<typeof createMemoryDocument>
