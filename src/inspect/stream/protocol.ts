import type { ConfigTree, Holds, ServiceIdentity } from '../../api/internal/inspected.ts'
import type { MachineName, MachineState } from '../../api/internal/machine-state.ts'
import type { PlannedModule } from '../../api/internal/observation.ts'
import type { ReloaderStatus } from '../../api/status.ts'
import type { Diff } from '../../model/data/diff.ts'
import type { Failure, Phase } from '../../model/failure.ts'
import type { Outcome, PhaseTiming, Trigger, Unattended } from '../../model/record.ts'
import type { Revision } from '../../model/revision.ts'

export type { MachineName, MachineState } from '../../api/internal/machine-state.ts'

/*
 * What the server sends to the page. Points in time are milliseconds since the Unix epoch; names that end in `Ms` are
 * durations, and in phases milliseconds since the transaction's start. Only diffs and the config hold config values: those of
 * public paths.
 */

/** The actions that a page can request if they are enabled and the reloader has them. */
export type ActionName = 'reload' | 'retry' | 'release' | 'revert' | 'freeze' | 'unfreeze' | 'confirm'

/** A transaction as one row of a list. */
export interface TransactionSummary {
  readonly id: string
  readonly epoch: number
  readonly trigger: Trigger
  readonly revision?: Revision | undefined
  readonly startedAt: number
  readonly outcome: Outcome | 'running'
  /** Absent while it runs. */
  readonly durationMs?: number | undefined
  /** The number of modules that it changes. */
  readonly changes: number
  /** The first cause. */
  readonly failure?: Failure | undefined
}

export interface InspectedPhase {
  readonly phase: Phase
  readonly startMs: number
  /** Absent while it runs. */
  readonly durationMs?: number | undefined
  readonly result: PhaseTiming['result'] | 'running'
}

export const hasFailed = ({ result }: InspectedPhase): boolean => result === 'failed' || result === 'timed-out'

export interface InspectedModule extends PlannedModule {
  /** In the order in which they started. All checks of a soak are one phase. */
  readonly phases: readonly InspectedPhase[]
}

/** Everything known of a transaction, while it runs and afterwards, when the generations that it replaced are closed. */
export interface InspectedTransaction extends TransactionSummary, Unattended {
  readonly digest?: string | undefined
  /** How long fetching, validating and planning took. */
  readonly plannedMs?: number | undefined
  /** In dependency order. The stream sends at most 500, including those that failed; an export has all of them. */
  readonly modules: readonly InspectedModule[]
  /** The serving config compared with the new one. */
  readonly diff?: Diff | undefined
  /** First cause first. */
  readonly failures: readonly Failure[]
  /** The modules that it left degraded. */
  readonly degraded?: readonly string[] | undefined
  /** The transaction that superseded it. */
  readonly supersededBy?: string | undefined
}

export type ReportedFailure = Failure & { readonly at: number }

export type MachineStates = Readonly<Partial<Record<MachineName, MachineState<MachineName>>>>

/** The first event of a stream that does not resume an earlier one. It replaces everything that the page knew. */
export interface Hello {
  readonly service?: ServiceIdentity | undefined
  readonly status: ReloaderStatus
  readonly holds?: Holds | undefined
  /** The serving config; absent before the first commit. */
  readonly config?: ConfigTree | undefined
  readonly machines: MachineStates
  /** Oldest first. */
  readonly transactions: readonly TransactionSummary[]
  /** The newest transaction. */
  readonly current?: InspectedTransaction | undefined
  /** The latest failures that belong to no transaction. */
  readonly reported: readonly ReportedFailure[]
  /** Empty if actions are off. */
  readonly actions: readonly ActionName[]
  /** The page sends it with each action. */
  readonly csrfToken: string
  /** The server's clock. */
  readonly now: number
}

export type EndReason = 'reloader.closed' | 'inspector.closed'

/** The events of the stream by name. In addition, a `heartbeat` without an id comes every 15 seconds. */
export interface StreamEvents {
  readonly hello: Hello
  /** Sent when the status has changed, at most four times a second. */
  readonly status: ReloaderStatus
  /** Sent when what keeps replaced generations open has changed, at most four times a second. */
  readonly holds: Holds
  /** Sent when another config serves. */
  readonly config: ConfigTree
  readonly state: MachineState<MachineName>
  /** The whole transaction as known now. It replaces an earlier event about the same transaction. */
  readonly transaction: InspectedTransaction
  readonly reported: ReportedFailure
  /** The stream ends for good. */
  readonly end: { readonly reason: EndReason }
}

/** What a revert would change, before anybody asks for it. */
export type RevertPreview =
  | { readonly ok: true; readonly modules: readonly string[]; readonly diff: Diff }
  | { readonly ok: false; readonly failure: { readonly code: string; readonly message: string; readonly hint: string } }

/** The response to an action. */
export type ActionResult =
  /** With `pending`, the action is still running; the stream shows its outcome. */
  | { readonly ok: true; readonly pending?: true; readonly outcome?: Outcome; readonly transaction?: string }
  | { readonly ok: false; readonly failure: { readonly code: string; readonly message: string; readonly hint: string } }
