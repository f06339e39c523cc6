import type { Revision } from '../../model/revision.ts'
import type { ReadResult } from '../../api/source.ts'

/** What a memory source takes as a document: text and bytes as they are, any other plain value as its JSON text. */
export type MemoryContent = string | Uint8Array | object | number | boolean | null

const toContent = (content: MemoryContent): string | Uint8Array => {
  if (typeof content === 'string') return content
  if (content instanceof Uint8Array) return Uint8Array.from(content)
  const text: string | undefined = JSON.stringify(content)
  if (text === undefined) throw new TypeError('a memory source takes text, bytes, or a value that has a JSON text')
  return text
}

/** What the store holds, and its revisions. */
export const createMemoryStore = (initial: MemoryContent | undefined) => {
  let content = initial === undefined ? undefined : toContent(initial)
  let lineage = 1
  let order = 1
  let previous: { readonly content: string | Uint8Array | undefined; readonly order: number } | undefined
  const revisionAt = (at: number): Revision => ({ lineage: `memory-${lineage}`, order: at, name: String(at) })
  const revision = (): Revision => revisionAt(order)
  // Bytes are copied, so that no consumer can change what the store holds.
  const readingOf = (text: string | Uint8Array | undefined, of: Revision): ReadResult =>
    text === undefined
      ? { kind: 'missing', revision: of }
      : { kind: 'document', revision: of, content: typeof text === 'string' ? text : text.slice() }
  const reading = (): ReadResult => readingOf(content, revision())
  return {
    revision,
    reading,
    /** What there was before the last change of this lineage; what there is, where nothing was. */
    before: (): ReadResult =>
      previous === undefined ? reading() : readingOf(previous.content, revisionAt(previous.order)),
    put: (next: MemoryContent): void => {
      previous = { content, order }
      content = toContent(next)
      order += 1
    },
    delete: (): boolean => {
      if (content === undefined) return false
      previous = { content, order }
      content = undefined
      order += 1
      return true
    },
    wipe: (): void => {
      previous = undefined
      content = undefined
      lineage += 1
      order = 1
    },
  }
}
