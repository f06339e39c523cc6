import type { Change, HeldDocument } from './document-store.ts'
import { type HistoryEntry, type HistoryHead, newId, textDigest } from './history-entry.ts'

/** The author of what was written without a history. */
const UNKNOWN_AUTHOR = 'unknown'

/** What a write adds to a history. */
export interface NextEntries {
  /** The document that is replaced, if no entry holds it. */
  readonly found: HistoryEntry | undefined
  readonly entry: HistoryEntry
}

/** Makes the entry of a change, and one of the document that it replaces if something else has written that. */
export const nextEntries = (
  { text, author, reason, action, to }: Change,
  { document, isCurrent }: { readonly document: HeldDocument; readonly isCurrent: boolean },
  head: HistoryHead,
  now: number,
): NextEntries => {
  const time = new Date(now).toISOString()
  const isFound = document.text !== undefined && !isCurrent
  const found: HistoryEntry | undefined = isFound
    ? {
        number: head.number + 1,
        time,
        author: UNKNOWN_AUTHOR,
        reason: `found at revision ${document.revision}`,
        action: 'found',
        digest: textDigest(document.text, head),
        id: newId(),
        text: document.text,
      }
    : undefined
  const entry: HistoryEntry = {
    number: head.number + (found === undefined ? 1 : 2),
    time,
    author,
    reason,
    action,
    ...(to === undefined ? {} : { to }),
    digest: textDigest(text, head),
    id: newId(),
    text,
  }
  return { found, entry }
}
