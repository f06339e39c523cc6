import type { SourceCode } from '../../src/model/failure.ts'
import type { Revision } from '../../src/model/revision.ts'
import type { Candidate } from '../../src/model/candidate.ts'

/** Holds what has been seen of the source, and why it is not being followed. */
export interface WatchContext {
  /** The newest revision that this machine has seen; the watch starts after it. */
  readonly seen: Revision | undefined
  /** The number of consecutive failures; the back-off grows with it. */
  readonly attempts: number
  /** The number of consecutive compactions; from the second on they back off too. */
  readonly compactions: number
  /** Why the source is not being followed; cleared once a read has verified an open watch. */
  readonly cause: SourceCode | undefined
  /** True if a change was announced during a read, so that one more read is due. */
  readonly readAgain: boolean
}

/** Lists the events that the watch machine accepts. */
export type WatchMachineEvent =
  /** The stream was opened, for the first time or again. */
  | { readonly type: 'watch.opened' }
  /** The stream delivered a document, or the news that none exists. */
  | { readonly type: 'watch.reported'; readonly candidate: Candidate }
  /** The stream announced a change without its content. */
  | { readonly type: 'watch.changed' }
  | { readonly type: 'watch.broke'; readonly cause: SourceCode }
  | { readonly type: 'close.requested' }
  /** The answers of a read. They have the names that XState gives to the same events of an invoked actor. */
  | { readonly type: 'xstate.done.actor.readSource'; readonly output: SourceVerdict }
  | { readonly type: 'xstate.error.actor.readSource'; readonly error: unknown }

/** What a read answers; it never breaks. */
export type SourceVerdict =
  | { readonly kind: 'read'; readonly candidate: Candidate }
  | { readonly kind: 'failed'; readonly cause: SourceCode }
