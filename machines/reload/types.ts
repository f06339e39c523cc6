import type { Candidate } from '../../src/model/candidate.ts'
import type { Trigger } from '../../src/model/record.ts'
import type { Revision } from '../../src/model/revision.ts'

/** The newest document where it was not applied, and what it waits for. */
export interface Untried {
  readonly candidate: Candidate
  /** `settled`: a busy module stood in its way. `released`: it is quarantined. */
  readonly until: 'settled' | 'released'
}

/** Why a transaction is being taken back. */
export type Ending = 'failed' | 'superseded' | 'aborted'

export interface ReloadInput {
  /** True where a soak is set, so that there is something to do in `soaking`. */
  readonly soaks: boolean
  /** True where a change holds only once somebody has confirmed it. */
  readonly confirms: boolean
  /** True where the last known good is kept across restarts. */
  readonly persists: boolean
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
  readonly waiting: {
    readonly candidate: Candidate | undefined
    readonly revert: Candidate | undefined
    readonly read: boolean
    readonly close: boolean
  }
  /** How often the document of the running transaction was replaced in `validating`. */
  readonly replacements: number
  /** The transaction before was superseded while preparing; this one then may not be. */
  readonly supersededBefore: boolean
  readonly ending: Ending
  /** True where the running transaction changes a compensating module. */
  readonly compensates: boolean
  /** The running transaction was confirmed. */
  readonly isConfirmed: boolean
  /** Changes were frozen while it ran: should it fail, its document comes again when they are no more. */
  readonly frozenMeanwhile: boolean
  /** True from the first commit that held. */
  readonly hasServed: boolean
  /** The modules that may not serve the config; empty unless degraded. */
  readonly degraded: readonly string[]
  /** True where the very first config failed its soak: it serves for want of another, and is checked again. */
  readonly soakFailed: boolean
  readonly untried: Untried | undefined
  /** What an untried document may have waited for, and what happened while a transaction ran. */
  readonly due: Untried['until'] | undefined
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
  /** The last known good of an earlier run, to serve before the source has answered. */
  | { readonly type: 'restore.requested'; readonly candidate: Candidate }
  /** Somebody asks for an earlier good document; the source is frozen then. */
  | { readonly type: 'revert.requested'; readonly candidate: Candidate }
  /** A quarantine ended, or somebody asks for another try. */
  | { readonly type: 'retry.requested' }
  /** Changes are held from now on: what has not been committed yet is given up. */
  | { readonly type: 'freeze.requested' }
  /** The running transaction was confirmed. */
  | { readonly type: 'confirm.given' }
  | { readonly type: 'close.requested' }

/** What the actors answer: words, never values. They never reject; one that does is reported and taken as failed. */
export type ReadVerdict = { readonly kind: 'found'; readonly candidate: Candidate } | { readonly kind: 'failed' }
export type ValidateVerdict =
  /** `isAttempt`: the config has not proved itself yet, so that the try is written down before it begins. */
  | { readonly kind: 'valid'; readonly compensates: boolean; readonly isAttempt?: boolean }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'invalid'; readonly isQuarantined?: boolean }
export interface StepVerdict {
  readonly kind: 'done' | 'failed'
}
export interface RollBackVerdict {
  readonly kind: 'done'
  /** The modules whose swap back or undo failed. */
  readonly degraded: readonly string[]
  /** Absent where the document is not to be tried again. */
  readonly untried?: Untried['until']
}
export type Verdict = ReadVerdict | ValidateVerdict | StepVerdict | RollBackVerdict

export interface EpochInput {
  readonly epoch: number
}
