import type { MachineName, MachineState } from './machine-state.ts'
import type { ReloaderStatus } from './status.ts'
import type { Diff } from '../model/diff.ts'
import { changeoverError, type Failure, type Phase } from '../model/failure.ts'
import type { ModuleChange, PhaseTiming, TransactionRecord, Trigger } from '../model/record.ts'
import type { Revision } from '../model/revision.ts'

/** What a transaction would do to one module. */
export interface PlannedModule {
  readonly module: string
  readonly change: ModuleChange
  readonly after: readonly string[]
}

/** What happens in a reloader, as it happens. Plain data without config values but public ones. */
export type Observed =
  /** A transaction has begun. Its `at` is wall-clock time; all `…Ms` of it count from then. */
  | {
      readonly kind: 'began'
      readonly transaction: string
      readonly epoch: number
      readonly trigger: Trigger
      readonly at: number
    }
  /**
   * Its document is a config, and this is what it changes, in dependency order: nothing where a policy refuses it. Said
   * anew where a newer document took over.
   */
  | {
      readonly kind: 'planned'
      readonly transaction: string
      readonly revision: Revision
      readonly digest: string
      readonly modules: readonly PlannedModule[]
      /** What serves against what would. */
      readonly diff: Diff
      readonly atMs: number
    }
  /** A call of a module began or ended; closes come after the transaction's record. */
  | {
      readonly kind: 'phase'
      readonly transaction: string
      readonly module: string
      readonly phase: Phase
      readonly startMs: number
      /** Absent at its beginning. */
      readonly ended?: { readonly atMs: number; readonly result: PhaseTiming['result'] }
    }
  | { readonly kind: 'record'; readonly record: TransactionRecord }
  /** A failure that belongs to no transaction. */
  | { readonly kind: 'reported'; readonly failure: Failure; readonly at: number }
  /** The reloader has closed; nothing follows. */
  | { readonly kind: 'closed' }

/** A reloader as an onlooker sees it. What a listener throws changes nothing. */
export interface Observation {
  readonly status: () => ReloaderStatus
  /** Where each machine is now. */
  readonly machines: () => readonly MachineState<MachineName>[]
  /** Costs some function calls a transaction. Returns the function that ends it. */
  readonly observe: (listener: (event: Observed) => void) => () => void
  /** Costs some microseconds a step of a machine, as long as anybody listens. Returns the function that ends it. */
  readonly observeMachines: (listener: (state: MachineState<MachineName>) => void) => () => void
}

const observations = new WeakMap<object, Observation>()

/** Makes a reloader observable. */
export const registerObservation = (reloader: object, observation: Observation): void => {
  observations.set(reloader, observation)
}

/**
 * The observation of a reloader.
 *
 * @throws ChangeoverError `reloader.invalid-option` for what `createReloader` of this copy of the package did not make
 */
export const observationOf = (reloader: object): Observation => {
  const observation = observations.get(reloader)
  if (observation === undefined) {
    throw changeoverError('reloader.invalid-option', { detail: 'reloader must be what createReloader returned' })
  }
  return observation
}
