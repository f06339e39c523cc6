import type { HistoryAction, HistoryEntry, HistoryHead } from './history-entry.ts'

/** The revision name of a document that does not exist. */
export const NO_REVISION = '0'

/** A document where it is held; no text if there is none. */
export interface HeldDocument {
  /** Changes with every write. */
  readonly revision: string
  readonly text: string | undefined
}

/** A document and its history, read at one moment. */
export interface History {
  readonly document: HeldDocument
  /** Undefined before the first publish with a history. */
  readonly head: HistoryHead | undefined
  /** The newest first. */
  readonly entries: readonly HistoryEntry[]
  /** True if the newest entry is the document. Otherwise something else has written it since. */
  readonly isCurrent: boolean
}

/** What is written. */
export interface Change {
  readonly text: string
  /** The revision that is replaced. */
  readonly ifRevision: string
  readonly author: string
  readonly reason: string
  readonly action: Exclude<HistoryAction, 'found'>
  /** The entry that a rollback brings back. */
  readonly to?: number
  /** Of a document in etcd. */
  readonly beside?: Beside
}

/** What must not have changed beside the document, and what changes there together with it, by their names. */
export interface Beside {
  readonly expect: Readonly<Record<string, string>>
  readonly put: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

/** What was written. */
export interface Written {
  readonly revision: string
  readonly number: number
}

/** A place that holds a document, with its history beside it. */
export interface DocumentStore {
  /** The address, without credentials. */
  readonly place: string
  readonly read: (signal: AbortSignal) => Promise<HeldDocument>
  /** Reads the newest entries, at most `limit`. */
  readonly history: (signal: AbortSignal, limit?: number) => Promise<History>
  readonly entry: (number: number, signal: AbortSignal) => Promise<HistoryEntry | undefined>
  /**
   * Writes the document and its entry together, or neither.
   *
   * @throws ChangeoverError `source.conflict` if the document is not at `ifRevision`, `document.too-large`
   */
  readonly write: (change: Change, signal: AbortSignal) => Promise<Written>
  /** Yields the document whenever it has changed, the one that is there first. */
  readonly watch: (signal: AbortSignal) => AsyncIterable<HeldDocument>
  readonly close: () => Promise<void>
}
