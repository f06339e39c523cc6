import type { SourceCode } from '../../src/model/failure.ts'
import type { Revision } from '../../src/model/revision.ts'
import type { Candidate } from '../../src/model/candidate.ts'

export interface WatchContext {
  /** The newest revision that this machine has seen; the watch asks for what comes after it. */
  readonly seen: Revision | undefined
  /** Failures in a row; the back-off grows with it. */
  readonly attempts: number
  /** Compactions in a row; from the second on they back off too. */
  readonly compactions: number
  /** Why the source is not being followed; cleared when it is again. */
  readonly cause: SourceCode | undefined
  /** A change was announced during a read: one more read is due. */
  readonly readAgain: boolean
}

export type WatchMachineEvent =
  /** The stream is established, for the first time or anew. */
  | { readonly type: 'watch.opened' }
  /** The stream told a document, or that there is none. */
  | { readonly type: 'watch.reported'; readonly candidate: Candidate }
  /** The stream told that something changed, but not what. */
  | { readonly type: 'watch.changed' }
  | { readonly type: 'watch.broke'; readonly cause: SourceCode }
  | { readonly type: 'close.requested' }

/** What a read answers; it never rejects. */
export type SourceVerdict =
  | { readonly kind: 'read'; readonly candidate: Candidate }
  | { readonly kind: 'failed'; readonly cause: SourceCode }
