import type { Candidate } from '../../src/model/candidate.ts'
import type { Trigger } from '../../src/model/record.ts'
import type { Revision } from '../../src/model/revision.ts'

/** Describes the newest document, if it was not applied, and what it waits for. */
export interface Untried {
  readonly candidate: Candidate
  /** `settled`: a module was still busy. `released`: the document is quarantined. */
  readonly until: 'settled' | 'released'
}

/** Says why a transaction is rolled back. */
export type Ending = 'failed' | 'superseded' | 'aborted'

/** Configures the reload machine; given to `createActor` as `input`. */
export interface ReloadInput {
  /** True if a soak is configured. */
  readonly soaks: boolean
  /** True if a change must be confirmed before it counts as good. */
  readonly confirms: boolean
  /** True if the last known good is stored across restarts. */
  readonly persists: boolean
  /** True if a newer document ends a soak. It always ends the wait for a confirmation. */
  readonly supersedesSoak?: boolean
}

/** Holds the running transaction, what is queued, and what is known of the documents before. */
export interface ReloadContext extends ReloadInput {
  /** Counts transactions; the host uses it to reject late completions. */
  readonly epoch: number
  readonly trigger: Trigger
  /** The document of the running transaction; undefined when it repairs what serves, or gives it a secret's new value. */
  readonly candidate: Candidate | undefined
  /** The newest revision accepted so far. */
  readonly seen: Revision | undefined
  /** What was queued while a transaction was running. */
  readonly waiting: {
    readonly candidate: Candidate | undefined
    readonly trial: Candidate | undefined
    readonly revert: Candidate | undefined
    readonly read: boolean
    readonly secret: boolean
    readonly close: boolean
  }
  /** How often the document of the running transaction was replaced by a newer one. */
  readonly replacements: number
  /** The last transaction that was superseded while preparing; the one after it may not be. */
  readonly supersededEpoch: number | undefined
  readonly ending: Ending
  /** True if the running transaction was confirmed, or its document on trial was published. */
  readonly isConfirmed: boolean
  /** True if the trial of the running transaction is over. */
  readonly isWithdrawn: boolean
  /** True if changes were frozen while it ran: the unfreeze delivers its document again should it fail. */
  readonly frozenMeanwhile: boolean
  /** True once a first transaction has ended as committed. */
  readonly hasServed: boolean
  /** The modules that may not serve the current config; empty unless degraded. */
  readonly degraded: readonly string[]
  /** True if the first config failed its soak: it keeps serving, since no other exists, and is checked again. */
  readonly soakFailed: boolean
  readonly untried: Untried | undefined
  /** The condition for `untried` that was met while a transaction was running. */
  readonly due: Untried['until'] | 'expired' | undefined
  /** The number of repairs since the last good commit; the back-off grows with it. */
  readonly repairs: number
}

/** Lists the events that the reload machine accepts. */
export type ReloadEvent =
  | ReloadAnswer
  /** The source delivered a document that may be newer. */
  | { readonly type: 'source.changed'; readonly candidate: Candidate }
  /** A document that the source does not hold yet is to be tried, and to be withdrawn unless it is promoted. */
  | { readonly type: 'trial.offered'; readonly candidate: Candidate }
  /** The trial is over: what served before serves again. */
  | { readonly type: 'trial.ended' }
  /** The document on trial is that of the source now. */
  | { readonly type: 'trial.promoted' }
  /** A caller asks for a read that begins now or later. */
  | { readonly type: 'reload.requested' }
  /** An abandoned call has settled: its module may be repaired, or try the document that found it busy. */
  | { readonly type: 'module.settled' }
  /** Asks to serve the last known good of an earlier run before the source has been read. */
  | { readonly type: 'restore.requested'; readonly candidate: Candidate }
  /** Asks for an earlier good document; the host freezes changes first. */
  | { readonly type: 'revert.requested'; readonly candidate: Candidate }
  /** A caller asks for a retry of the quarantined document. */
  | { readonly type: 'retry.requested' }
  /** The quarantine of the untried document has expired. */
  | { readonly type: 'quarantine.expired' }
  /** A secret that what serves refers to has another value, which the host has read. */
  | { readonly type: 'secret.changed' }
  /** Freezes changes: a change that has not been committed is aborted. */
  | { readonly type: 'freeze.requested' }
  /** Confirms the running transaction. */
  | { readonly type: 'confirm.given' }
  | { readonly type: 'close.requested' }

/** Describes the result of a read. Work never breaks; if it does, that is reported and treated as a failure. */
export type ReadVerdict = { readonly kind: 'found'; readonly candidate: Candidate } | { readonly kind: 'failed' }
/** Describes the result of a validation. */
export type ValidateVerdict =
  /** `isAttempt`: the config is not known to be good, so the attempt is journaled before it begins. */
  | { readonly kind: 'valid'; readonly isAttempt?: boolean }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'invalid'; readonly isQuarantined?: boolean }
/** Describes the result of work that either succeeds or fails. */
export interface StepVerdict {
  readonly kind: 'done' | 'failed'
}
/** Describes the result of a commit. */
export interface CommitVerdict extends StepVerdict {
  /** True if compensating modules follow. */
  readonly compensates?: boolean
}
/** Describes what a rollback has left behind. */
export interface RollBackVerdict {
  readonly kind: 'done'
  /** The modules whose rollback or undo failed. */
  readonly degraded: readonly string[]
  /** Absent if the document should not be tried again. */
  readonly untried?: Untried['until']
}
/** Describes the result of any work. */
export type Verdict = ReadVerdict | ValidateVerdict | StepVerdict | CommitVerdict | RollBackVerdict

/** Identifies the transaction for which work is done. */
export interface EpochInput {
  readonly epoch: number
}

/** Says what a validation looks at. */
export type ValidationInput = EpochInput & Pick<ReloadContext, 'trigger' | 'candidate' | 'degraded' | 'soakFailed'>

/** Maps the work of each state to its verdict. */
export interface ReloadWork {
  readonly readDocument: ReadVerdict
  readonly validateDocument: ValidateVerdict
  readonly journalAttempt: StepVerdict
  readonly prepareModules: StepVerdict
  readonly commitModules: CommitVerdict
  readonly completeModules: StepVerdict
  readonly soakModules: StepVerdict
  readonly checkModules: StepVerdict
  readonly promoteSnapshot: StepVerdict
  readonly rollBackModules: RollBackVerdict
  readonly closeModules: undefined
}

/** Lists the answers to work. They have the names that XState gives to the same events of invoked actors. */
export type ReloadAnswer = {
  [Name in keyof ReloadWork]:
    | { readonly type: `xstate.done.actor.${Name}`; readonly output: ReloadWork[Name] }
    | { readonly type: `xstate.error.actor.${Name}`; readonly error: unknown }
}[keyof ReloadWork]
