import type { Revision } from './revision.ts'

/** Names the modules that are prepared again although nothing in their slices has changed. */
export type Forced = 'all' | readonly string[]

/**
 * A token for a document that may be applied. The document itself is stored outside the machines, since an inspector
 * sees everything that a machine holds.
 */
export interface Candidate {
  readonly revision: Revision
  /** True if the document is the last known good one again; set during a soak only. */
  readonly isLastKnownGood?: boolean
  /** True if the document would be rejected; set while a transaction runs that it could supersede only. */
  readonly cannotServe?: boolean
  /** True if a freeze held the document back or aborted it, or a quarantine has let it go: that it was seen before is no reason to ignore it. */
  readonly isRepeated?: boolean
}
