import type { Failure, Phase } from './failure.ts'
import type { Revision } from './revision.ts'

/**
 * What made a transaction start: the first document, a changed one, a call of `reload`, the back-off of a degraded
 * service, the last known good at start, a call of `revert`, or the end of a quarantine.
 */
export type Trigger = 'start' | 'change' | 'reload' | 'repair' | 'restore' | 'revert' | 'retry' | 'quarantine-expired'

/** How a module takes part in a transaction. */
export type ModuleChange = 'open' | 'replace' | 'off' | 'repair'

/** One phase of one module, for the timed tree. Times are milliseconds since the transaction's start. */
export interface PhaseTiming {
  readonly phase: Phase
  readonly startMs: number
  readonly durationMs: number
  /** `cancelled` is said of what was given up because of another module or a newer document. */
  readonly result: 'done' | 'failed' | 'timed-out' | 'cancelled'
}

/** What a transaction did to one module, in dependency order within the record. */
export interface ModuleRecord {
  readonly module: string
  readonly change: ModuleChange
  readonly after: readonly string[]
  readonly phases: readonly PhaseTiming[]
}

interface RecordBase {
  /** Unique across restarts. */
  readonly id: string
  /** Rises with every transaction of this reloader. */
  readonly epoch: number
  readonly trigger: Trigger
  /** Absent where the document could not be fetched. */
  readonly revision?: Revision
  /** Keyed hash of the config: equal digests within one process mean equal configs. */
  readonly digest?: string
  /** Wall-clock milliseconds since the Unix epoch. */
  readonly startedAt: number
  readonly durationMs: number
  readonly modules: readonly ModuleRecord[]
}

type Failures = readonly [Failure, ...Failure[]]

/** The terminal record of a transaction: what became of it. Plain data without config values. */
export type TransactionRecord =
  | (RecordBase & { readonly outcome: 'committed' })
  | (RecordBase & { readonly outcome: 'unchanged' })
  /** The document was refused before any module was called. */
  | (RecordBase & { readonly outcome: 'rejected'; readonly failures: Failures })
  /** A module failed; all serve what they served before. */
  | (RecordBase & { readonly outcome: 'rolled-back'; readonly failures: Failures })
  /** A newer document took over before the commit, or the last known good returned during the soak. */
  | (RecordBase & { readonly outcome: 'superseded' })
  /** Given up because the reloader was closed or frozen. */
  | (RecordBase & { readonly outcome: 'aborted' })
  /** A swap back or an undo failed: `degraded` names the modules that may not serve `config`. */
  | (RecordBase & {
      readonly outcome: 'degraded'
      readonly failures: Failures
      readonly degraded: readonly string[]
    })

/** How a transaction can end. */
export type Outcome = TransactionRecord['outcome']
