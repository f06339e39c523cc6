import type { Revision } from '../model/revision.ts'
import type { Reading } from '../source.ts'

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
  const revision = (): Revision => ({ lineage: `memory-${lineage}`, order, name: String(order) })
  return {
    revision,
    // Bytes are copied, so that no consumer can change what the store holds.
    reading: (): Reading =>
      content === undefined
        ? { kind: 'missing', revision: revision() }
        : { kind: 'document', revision: revision(), content: typeof content === 'string' ? content : content.slice() },
    put: (next: MemoryContent): void => {
      content = toContent(next)
      order += 1
    },
    delete: (): boolean => {
      if (content === undefined) return false
      content = undefined
      order += 1
      return true
    },
    wipe: (): void => {
      content = undefined
      lineage += 1
      order = 1
    },
  }
}
