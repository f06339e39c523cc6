import type { Candidate } from '../../src/model/candidate.ts'

/** Holds the newest document and the counts that detect a storm of changes. */
export interface AdmissionContext {
  /** The newest document known from the watch or a read, passed on or not. */
  readonly newest: Candidate | undefined
  /** The number of changes not yet passed on: the newest, and those that it replaced. */
  readonly gathered: number
  /** The number of changes passed on in quick succession. */
  readonly burst: number
  /** When the last of them was, by the host's monotonic clock, in milliseconds. */
  readonly passedAt: number | undefined
  /** The number of consecutive windows that gathered several changes; each makes the next one longer. */
  readonly windows: number
}

/** Lists the events that the admission machine accepts. */
export type AdmissionEvent =
  /** `at` is the time by the host's monotonic clock, in milliseconds. */
  | { readonly type: 'source.changed'; readonly candidate: Candidate; readonly at: number }
  /** The reload machine has read the document and applies it itself. */
  | { readonly type: 'document.read'; readonly candidate: Candidate }
  | { readonly type: 'freeze.requested' }
  | { readonly type: 'unfreeze.requested' }
  | { readonly type: 'close.requested' }
