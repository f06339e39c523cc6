import type { DocumentCode, SourceCode } from '../model/failure.ts'
import type { Revision } from '../model/revision.ts'

/** The raw text that a source holds at one revision. Bytes are decoded as strict UTF-8 by the reloader. */
export interface Document {
  readonly kind: 'document'
  readonly revision: Revision
  readonly content: string | Uint8Array
}

/** The source answered: there is no document. */
export interface Missing {
  readonly kind: 'missing'
  readonly revision: Revision
}

/** The source answered, but what it holds cannot form a document (two etcd keys of which one is the other's folder). */
export interface Malformed {
  readonly kind: 'malformed'
  readonly revision: Revision
  readonly code: DocumentCode
}

/** What a read finds. */
export type ReadResult = Document | Missing | Malformed

/** The watch is established: from here on changes are reported. A source may say it again after an inner reconnect. */
export interface Opened {
  readonly kind: 'opened'
}

/** Something changed; only a read can tell what. */
export interface Changed {
  readonly kind: 'changed'
}

/** What a watch reports. */
export type SourceEvent = Opened | Changed | ReadResult

/**
 * Where documents come from. A source is dumb: it neither retries nor backs off nor remembers; the watch machine does
 * that, the same way for all of them.
 */
export interface Source {
  /** What kind of source this is: `etcd`, `file`, `memory`. */
  readonly name: string
  /** Where it reads, for people: no credentials in it. */
  readonly endpoint: string
  /** The newest document with its revision. Rejects with a {@link SourceError}; settles soon after `signal` aborts. */
  readonly read: (signal: AbortSignal) => Promise<ReadResult>
  /**
   * Reports changes after `after`, conflated to the newest when the consumer is slow. Throws a {@link SourceError} on
   * every break; ends without an error only after `signal` aborts. Never retries.
   */
  readonly watch: (after: Revision, signal: AbortSignal) => AsyncIterable<SourceEvent>
  /** Releases what the source holds (clients, sockets). Called once, by `reloader.close()`; bounded in time. */
  readonly close?: () => Promise<void>
}

/** Why a read failed or a watch broke. The `cause` is for debuggers only: it never enters logs, records or status. */
export class SourceError extends Error {
  override readonly name = 'SourceError'
  readonly code: SourceCode

  constructor(code: SourceCode, cause?: unknown) {
    super(code)
    this.code = code
    Object.defineProperty(this, 'cause', { value: cause, enumerable: false })
  }
}
