import { CompareResult, CompareTarget, type ICompare, type IRequestOp, type ITxnRequest } from 'etcd3'
import type { Beside, HeldDocument } from '../../../history/document-store.ts'
import { encodeEntry, encodeHead, type HistoryHead, MAX_ENTRIES } from '../../../history/history-entry.ts'
import type { NextEntries } from '../../../history/next-entries.ts'
import type { historyKeys } from './reserved-keys.ts'

/** The keys of a document and of its history. */
export interface DocumentKeys extends ReturnType<typeof historyKeys> {
  readonly document: Buffer
}

/** The head, and the revision of its key. */
export interface StoredHead {
  readonly head: HistoryHead
  readonly revision: string
}

interface WriteParts {
  readonly keys: DocumentKeys
  readonly text: string
  /** What is replaced. */
  readonly document: HeldDocument
  readonly stored: StoredHead
  readonly next: NextEntries
  readonly beside?: Beside | undefined
}

/** A request, and how many bytes of it are the document and its history. */
export interface WriteTransaction {
  readonly request: ITxnRequest
  /** Of the new entry. */
  readonly number: number
  readonly documentBytes: number
  readonly historyBytes: number
}

/**
 * Makes the one transaction that writes the document, its entry and the head, if neither the document nor the head has
 * changed. All of them then have the same `mod_revision`.
 */
export const writeTransaction = (parts: WriteParts): WriteTransaction => {
  const { keys, text, document, stored, next, beside = nothing } = parts
  const { found, entry } = next
  const value = Buffer.from(text)
  const entries = [...(found === undefined ? [] : [found]), entry].map((one) => ({
    key: keys.entry(one.number),
    value: encodeEntry(one),
  }))
  const head = { key: keys.head, value: encodeHead({ ...stored.head, number: entry.number }) }
  const oldest = entry.number - MAX_ENTRIES + 1
  const puts: IRequestOp[] = [{ key: keys.document, value }, head, ...entries].map((put) => ({ request_put: put }))
  const removal: IRequestOp[] =
    oldest > 1 ? [{ request_delete_range: { key: keys.entries, range_end: keys.entry(oldest) } }] : []
  return {
    request: {
      compare: [
        isAt(keys.document, document.revision),
        isAt(keys.head, stored.revision),
        ...Object.entries(beside.expect).map(([name, revision]) => isAt(keys.beside(name), revision)),
      ],
      success: [...puts, ...removal, ...changesBeside(beside, keys)],
      failure: [{ request_range: { key: keys.document } }, { request_range: { key: keys.head } }],
    },
    number: entry.number,
    documentBytes: value.length,
    historyBytes: [head, ...entries].reduce((sum, put) => sum + put.key.length + put.value.length, 0),
  }
}

const nothing: Beside = { expect: {}, put: {}, remove: [] }

const changesBeside = ({ put, remove }: Beside, keys: DocumentKeys): readonly IRequestOp[] => [
  ...Object.entries(put).map(
    ([name, text]): IRequestOp => ({ request_put: { key: keys.beside(name), value: Buffer.from(text) } }),
  ),
  ...remove.map((name): IRequestOp => ({ request_delete_range: { key: keys.beside(name) } })),
]

const isAt = (key: Buffer, revision: string): ICompare => ({
  key,
  target: CompareTarget.Mod,
  result: CompareResult.Equal,
  mod_revision: revision,
})
