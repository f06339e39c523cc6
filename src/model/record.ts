import type { Failure, Phase } from './failure.ts'
import type { Revision } from './revision.ts'

/**
 * What started a transaction: the first document, a changed document, a call of `reload`, the repair of a degraded
 * service, the last known good at the start, a call of `revert` or `retry`, the end of a quarantine, a secret
 * with a new value, or a document on trial, which the source does not hold yet.
 */
export type Trigger =
  | 'start'
  | 'change'
  | 'reload'
  | 'repair'
  | 'restore'
  | 'revert'
  | 'retry'
  | 'quarantine-expired'
  | 'secret'
  | 'trial'

/** How a module takes part in a transaction. */
export type ModuleChange = 'open' | 'replace' | 'off' | 'repair'

/** One phase of one module. Times are in milliseconds since the start of the transaction. */
export interface PhaseTiming {
  readonly phase: Phase
  readonly startMs: number
  readonly durationMs: number
  /** `cancelled` if another module failed, a newer document arrived, or the transaction was aborted. */
  readonly result: 'done' | 'failed' | 'timed-out' | 'cancelled'
}

/** What a transaction did to one module. */
export interface ModuleRecord {
  readonly module: string
  readonly change: ModuleChange
  /** The modules that it depends on. */
  readonly after: readonly string[]
  readonly phases: readonly PhaseTiming[]
}

/** The changes of a document on which no module acts. Keys that may be user data are `*`. */
export interface Unattended {
  /**
   * Paths that changed, that no module follows and that are not declared as `live` or `restart`: nothing acts on their
   * change. The first 100.
   */
  readonly unfollowed?: readonly string[]
  /** Paths that changed and are declared as `restart`. The first 100. */
  readonly restartRequired?: readonly string[]
}

interface RecordBase extends Unattended {
  /** Unique across restarts. */
  readonly id: string
  /** Increases with every transaction of this reloader. */
  readonly epoch: number
  readonly trigger: Trigger
  /** Absent if the document could not be read. */
  readonly revision?: Revision
  /** The keyed hash of the config: within one process, equal digests mean equal configs. */
  readonly digest?: string
  /** Wall-clock time in milliseconds since the Unix epoch. */
  readonly startedAt: number
  readonly durationMs: number
  /** In dependency order. */
  readonly modules: readonly ModuleRecord[]
}

type Failures = readonly [Failure, ...Failure[]]

/** The record of a transaction that has ended: plain data without config values. */
export type TransactionRecord =
  /** The new config serves, and has passed its soak. */
  | (RecordBase & { readonly outcome: 'committed' })
  /** The document holds the config that serves. */
  | (RecordBase & { readonly outcome: 'unchanged' })
  /** The document was rejected before any module was called. */
  | (RecordBase & { readonly outcome: 'rejected'; readonly failures: Failures })
  /** Something failed; every module serves what it served before. */
  | (RecordBase & { readonly outcome: 'rolled-back'; readonly failures: Failures })
  /** A newer document took over before the commit, or the last known good returned during the soak. */
  | (RecordBase & { readonly outcome: 'superseded' })
  /** The reloader was closed or frozen first, or the trial of the document has ended. */
  | (RecordBase & { readonly outcome: 'aborted' })
  /** A rollback or an undo failed: `degraded` names the modules that may not serve the config. */
  | (RecordBase & {
      readonly outcome: 'degraded'
      readonly failures: Failures
      readonly degraded: readonly string[]
    })

/** How a transaction can end. */
export type Outcome = TransactionRecord['outcome']
