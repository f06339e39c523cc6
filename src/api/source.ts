import type { DocumentCode, SourceCode } from '../model/failure.ts'
import type { Revision } from '../model/revision.ts'
import type { Schema } from '../model/schema.ts'
import type { Clock } from './clock.ts'
import type { LayerStatus } from './status.ts'

/** What the results of reads have in common. */
interface Found {
  readonly revision: Revision
  /**
   * A fault that did not prevent the read, such as `source.detached`. It is reported once, and `status().inSync` is false
   * as long as reads return it.
   */
  readonly warning?: SourceCode
  /** The names of the layers to which a warning or a fault belongs, if the source is made of layers. */
  readonly layers?: readonly string[]
}

/** Where a source, or a layer of it, holds a value. */
export interface Origin {
  /** The kind of source: `etcd`, `file`, `environment`. */
  readonly kind: string
  /** The place in it: `config.yaml:3:7`, `/app/config@17`, `APP_DB__MAX`. It holds no config value. */
  readonly at: string
  /** The name of the layer, if the source is made of layers. */
  readonly layer?: string
  /** True if a layer above has another value there, so that this one is not used. @default false */
  readonly isHidden?: boolean
  /** True if the layer deletes what the layers below have there. @default false */
  readonly deletes?: boolean
  /** What the layer holds there. It is shown only if the path is public. */
  readonly value?: unknown
}

/**
 * Finds where a document has the value at a path from: the place that counts first, and then those that it hides. `text` is
 * the document as the reloader has decoded it. Returns an empty array for a path that the document does not have.
 */
export type FindOrigins = (path: readonly (string | number)[], text: string) => readonly Origin[]

/** The text that a source holds at one revision. The reloader decodes bytes as strict UTF-8. */
export interface Document extends Found {
  readonly kind: 'document'
  readonly content: string | Uint8Array
  /**
   * Stands for what the document refers to, such as the content of key files. If it differs from that of the serving
   * document, all modules are prepared again, although the config may be equal. It must not contain config values.
   */
  readonly fingerprint?: string
  /** Says where a value comes from. It is called only when someone asks. @default the address and the revision */
  readonly origins?: FindOrigins
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
  /** Where in the document the fault is, as far as that is known. */
  readonly place?: MalformedPlace
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

/** Where a document is at fault. */
export interface MalformedPlace {
  /** The keys that lead to it. Those that the schema does not declare are shown as `*`. */
  readonly path?: readonly (string | number)[]
  /** Lines and columns count from 1. */
  readonly position?: { readonly line: number; readonly column: number }
  /** A fact for the message, such as what was expected. It must not contain config values. */
  readonly detail?: string
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

/** What a reloader hands its source. */
export interface SourceContext {
  /** What the document must fulfil. */
  readonly schema: Schema
  /** The reloader's clock, for all waits. */
  readonly clock: Clock
  /** Returns numbers from 0 to below 1, for jitter. */
  readonly random: () => number
  /** The reloader's logger: pino, or the like. */
  readonly logger: { readonly [Level in 'debug' | 'info' | 'warn' | 'error']: (data: object, message: string) => void }
  /** The reloader's `deadlines.readMs`: how long a read may take, in milliseconds. */
  readonly readMs: number
  /** The reloader's `sourceBackoff`, in milliseconds. */
  readonly backoff: { readonly minMs: number; readonly maxMs: number }
  /** Logs and counts a fault that fails no read. The detail must not contain config values. */
  readonly report: (code: SourceCode, detail?: string, cause?: unknown) => void
}

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
  /** Takes what the reloader hands it. Called once, by `reloader.start()`, before the first read. */
  readonly attach?: (context: SourceContext) => void
  /** Returns the state of each layer, the lowest first, if the source is made of layers. */
  readonly layers?: () => readonly LayerStatus[]
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
  /** A fact for the message, such as the name of a layer. It must not contain config values or credentials. */
  readonly detail: string | undefined

  constructor(code: SourceCode, cause?: unknown, detail?: string) {
    super(code)
    this.code = code
    this.detail = detail
    Object.defineProperty(this, 'cause', { value: cause, enumerable: false })
  }
}
