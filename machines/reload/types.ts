import type { Trigger } from '../../src/model/record.ts'
import type { Revision } from '../../src/model/revision.ts'

/**
 * A document that may be applied, by name only: the document itself stays in a store beside the machine, since all
 * that a machine holds reaches an inspector.
 */
export interface Candidate {
  readonly revision: Revision
  /** True where the document is the last known good one again; told only during a soak. */
  readonly isLastGood?: boolean
}

/** Why a transaction is being taken back. */
export type Ending = 'failed' | 'superseded' | 'aborted'

export interface ReloadInput {
  /** True where a soak is set, so that there is something to do in `soaking`. */
  readonly soaks: boolean
}

export interface ReloadContext extends ReloadInput {
  /** Counts transactions; fences what completes late. */
  readonly epoch: number
  readonly trigger: Trigger
  /** The document of the running transaction; none for a repair. */
  readonly candidate: Candidate | undefined
  /** The newest revision accepted so far. */
  readonly seen: Revision | undefined
  /** What arrived while a transaction was running. */
  readonly waiting: { readonly candidate: Candidate | undefined; readonly read: boolean; readonly close: boolean }
  /** How often the document of the running transaction was replaced in `validating`. */
  readonly replacements: number
  /** The transaction before was superseded while preparing; this one then may not be. */
  readonly supersededBefore: boolean
  readonly ending: Ending
  /** True where the running transaction changes a compensating module. */
  readonly compensates: boolean
  /** True from the first commit that held. */
  readonly hasServed: boolean
  /** The modules that may not serve the config; empty unless degraded. */
  readonly degraded: readonly string[]
  /** True where the very first config failed its soak: it serves for want of another, and is checked again. */
  readonly unproven: boolean
  /** A newer document that was not applied for want of a module that was busy: it is tried when that has settled. */
  readonly untried: Candidate | undefined
  /** Repairs since the last good commit; the back-off grows with it. */
  readonly repairs: number
}

export type ReloadEvent =
  /** The source holds a document that may be newer. */
  | { readonly type: 'source.changed'; readonly candidate: Candidate }
  /** Somebody asks for a read that begins from now on. */
  | { readonly type: 'reload.requested' }
  /** A call that was given up has ended at last: its module may be repaired, or take the document it could not. */
  | { readonly type: 'module.settled' }
  | { readonly type: 'close.requested' }

/** What the actors answer: words, never values. They never reject; one that does is reported and taken as failed. */
export type ReadVerdict = { readonly kind: 'found'; readonly candidate: Candidate } | { readonly kind: 'failed' }
export type ValidateVerdict =
  | { readonly kind: 'valid'; readonly compensates: boolean }
  | { readonly kind: 'unchanged' | 'invalid' }
export interface StepVerdict {
  readonly kind: 'done' | 'failed'
}
export interface RollBackVerdict {
  readonly kind: 'done'
  /** The modules whose swap back or undo failed. */
  readonly degraded: readonly string[]
  /** True where the document was not at fault: a module was still busy with what was asked of it before. */
  readonly isUntried?: boolean
}
export type Verdict = ReadVerdict | ValidateVerdict | StepVerdict | RollBackVerdict

export interface EpochInput {
  readonly epoch: number
}
