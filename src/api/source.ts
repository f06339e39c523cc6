import type { DocumentCode, SourceCode } from '../model/failure.ts'
import type { Revision } from '../model/revision.ts'

/** What the results of reads have in common. */
interface Found {
  readonly revision: Revision
  /**
   * A fault that did not prevent the read, such as `source.detached`. It is reported once, and `status().inSync` is false
   * as long as reads return it.
   */
  readonly warning?: SourceCode
}

/** The text that a source holds at one revision. The reloader decodes bytes as strict UTF-8. */
export interface Document extends Found {
  readonly kind: 'document'
  readonly content: string | Uint8Array
  /**
   * Stands for what the document refers to, such as the content of key files. If it differs from that of the serving
   * document, all modules are prepared again, although the config may be equal. It must not contain config values.
   */
  readonly fingerprint?: string
}

/** The source answered that there is no document. */
export interface Missing extends Found {
  readonly kind: 'missing'
}

/**
 * The source answered, but its data does not form a document: for example, an etcd key is both a value and a folder.
 */
export interface Malformed extends Found {
  readonly kind: 'malformed'
  /** Why the document is rejected. */
  readonly code: DocumentCode
  /** Which entry of the source is at fault, if the document is formed of several. */
  readonly entry?: MalformedEntry
  /** For debugging only: no log, record or status shows it, only `unsafeCause` returns it. */
  readonly cause?: unknown
}

/** Names an entry of the source that cannot be part of the document, such as a key below an etcd prefix. */
export interface MalformedEntry {
  /** The segments of its key. Those that the schema does not declare are shown as `*`. */
  readonly key: readonly string[]
  /** Its place among the entries, counted from 1. */
  readonly index: number
  /** How many entries there are. */
  readonly count: number
  /** Where in its value the fault is, if that is known. Lines and columns count from 1. */
  readonly position?: { readonly line: number; readonly column: number }
}

/** The result of a read. */
export type ReadResult = Document | Missing | Malformed

/** The watch is established, and reports changes from now on. A source may repeat it after it has reconnected. */
export interface Opened {
  readonly kind: 'opened'
}

/** Something changed. The reloader reads the document to find out what. */
export interface Changed {
  readonly kind: 'changed'
}

/** An event of a watch. */
export type SourceEvent = Opened | Changed | ReadResult

/**
 * Reads and watches a document. A source does not retry, back off or remember anything: the reloader does, in the same
 * way for all sources.
 */
export interface Source {
  /** The kind of source: `etcd`, `file`, `memory`. */
  readonly name: string
  /** The address, which is shown in the status. It must not contain credentials. */
  readonly endpoint: string
  /** Reads the newest document. Rejects with a {@link SourceError}, and settles soon after `signal` aborts. */
  readonly read: (signal: AbortSignal) => Promise<ReadResult>
  /**
   * Yields the changes after a revision; only the newest if the consumer is slow. Throws a {@link SourceError} whenever
   * the watch breaks, and ends without an error only after `signal` aborts.
   */
  readonly watch: (after: Revision, signal: AbortSignal) => AsyncIterable<SourceEvent>
  /** Releases clients and sockets. Called once, by `reloader.close()`, which waits for it within a deadline. */
  readonly close?: () => Promise<void>
}

/**
 * Thrown by a source whose read fails or whose watch breaks. The `cause` is for debugging only: no log, record or
 * status shows it.
 *
 * @example
 * ```ts
 * if (response.status === 403) throw new SourceError('source.denied')
 * ```
 */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly code: SourceCode

  constructor(code: SourceCode, cause?: unknown) {
    super(code)
    this.code = code
    Object.defineProperty(this, 'cause', { value: cause, enumerable: false })
  }
}
