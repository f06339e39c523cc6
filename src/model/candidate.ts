import type { Revision } from './revision.ts'

/**
 * A document that may be applied, by name only: the document itself stays in a store beside the machine, since all
 * that a machine holds reaches an inspector.
 */
export interface Candidate {
  readonly revision: Revision
  /** True where the document is the last known good one again; told only during a soak. */
  readonly isLastKnownGood?: boolean
  /** True where a freeze held it back, or gave it up: it is taken though it has been seen before. */
  readonly wasFrozen?: boolean
}
