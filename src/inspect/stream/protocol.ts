import type { MachineState, MachineName } from '../../api/machine-state.ts'
import type { ReloaderStatus } from '../../api/status.ts'
import type { Diff } from '../../model/diff.ts'
import type { Failure, Phase } from '../../model/failure.ts'
import type { Outcome, PhaseTiming, Trigger } from '../../model/record.ts'
import type { Revision } from '../../model/revision.ts'
import type { PlannedModule } from '../../api/observed.ts'

export type { MachineState as ChartState } from '../../api/machine-state.ts'
export type { MachineName } from '../../api/machine-state.ts'

/*
 * What the page is told. Wall-clock times are milliseconds since the Unix epoch; `…Ms` are durations, and in phases
 * milliseconds since the transaction's start. Nothing here holds a config value but diffs, for public paths.
 */

/** What can be asked for, where it is enabled and the reloader has it. */
export type ActionName = 'reload' | 'retry' | 'release' | 'revert' | 'freeze' | 'unfreeze' | 'confirm'

/** A transaction as one row of a list. */
export interface TransactionHead {
  readonly id: string
  readonly epoch: number
  readonly trigger: Trigger
  readonly revision?: Revision
  readonly startedAt: number
  readonly outcome: Outcome | 'running'
  /** Once it has ended. */
  readonly durationMs?: number
  /** How many modules it changes. */
  readonly changes: number
  /** The first cause. */
  readonly failure?: Failure
}

export interface InspectedPhase {
  readonly phase: Phase
  readonly startMs: number
  /** Absent while it runs. */
  readonly durationMs?: number
  readonly result: PhaseTiming['result'] | 'running'
}

export interface InspectedModule extends PlannedModule {
  /** In the order of their beginning; the rounds of a soak's check are one phase. */
  readonly phases: readonly InspectedPhase[]
}

/** All that is known of a transaction: while it runs, and after its end, when what it replaced is being closed. */
export interface InspectedTransaction extends TransactionHead {
  readonly digest?: string
  /** When its plan was known: fetching and validating took this long. */
  readonly plannedMs?: number
  /** In dependency order. Of more than 500 the stream has the first and those that failed; an export has all. */
  readonly modules: readonly InspectedModule[]
  /** What served against what would. */
  readonly diff?: Diff
  /** First cause first. */
  readonly failures: readonly Failure[]
  /** The modules that it left degraded. */
  readonly degraded?: readonly string[]
  /** The transaction that took over. */
  readonly supersededBy?: string
}

export type ReportedFailure = Failure & { readonly at: number }

export type Charts = Readonly<Partial<Record<MachineName, MachineState<MachineName>>>>

/** The first event of a stream that does not go on from an earlier one; it replaces all that was known. */
export interface Hello {
  readonly status: ReloaderStatus
  readonly charts: Charts
  /** Oldest first. */
  readonly transactions: readonly TransactionHead[]
  /** The newest of them, whole. */
  readonly current?: InspectedTransaction
  /** The last failures that belong to no transaction. */
  readonly reported: readonly ReportedFailure[]
  /** Empty where actions are off. */
  readonly actions: readonly ActionName[]
  /** To be sent back with each action. */
  readonly csrf: string
  /** The server's clock. */
  readonly now: number
}

/** The events of the stream, by name. Beside them, every fifteen seconds, a `beat` without an id: a sign of life. */
export interface WireEvents {
  readonly hello: Hello
  /** Sent when it has changed, at most four times a second. */
  readonly status: ReloaderStatus
  readonly state: MachineState<MachineName>
  /** Whole, as known now; the later replaces the earlier. */
  readonly transaction: InspectedTransaction
  readonly reported: ReportedFailure
  /** The stream ends, and there will be no other. */
  readonly bye: { readonly reason: 'reloader.closed' | 'inspector.closed' }
}

/** What an action answers. */
export type ActionAnswer =
  /** `pending`: it goes on; the stream tells how it ends. */
  | { readonly ok: true; readonly pending?: true; readonly outcome?: Outcome; readonly transaction?: string }
  | { readonly ok: false; readonly failure: { readonly code: string; readonly message: string; readonly hint: string } }
