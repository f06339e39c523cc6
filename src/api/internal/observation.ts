import type { MachineName, MachineState } from './machine-state.ts'
import type { InspectedParts } from './inspected.ts'
import type { Trials } from './trials.ts'
import type { ReloaderStatus } from '../status.ts'
import type { Diff } from '../../model/data/diff.ts'
import { changeoverError, type Failure, type Phase } from '../../model/failure.ts'
import type { ModuleChange, PhaseTiming, TransactionRecord, Trigger } from '../../model/record.ts'
import type { Revision } from '../../model/revision.ts'

/** What a transaction would do to one module. */
export interface PlannedModule {
  readonly module: string
  readonly change: ModuleChange
  readonly after: readonly string[]
}

/**
 * An event of a reloader: plain data, which holds config values of public paths only. `at` is wall-clock time in
 * milliseconds since the Unix epoch; `…Ms` counts from the start of the transaction.
 */
export type ReloaderEvent =
  /** A transaction has begun. */
  | {
      readonly kind: 'began'
      readonly transaction: string
      readonly epoch: number
      readonly trigger: Trigger
      readonly at: number
    }
  /**
   * The document of a transaction is a config. The modules that it changes follow in dependency order; there are none
   * if it is rejected. The event is repeated if a newer document replaces the first.
   */
  | {
      readonly kind: 'planned'
      readonly transaction: string
      readonly revision: Revision
      readonly digest: string
      readonly modules: readonly PlannedModule[]
      /** The differences from the serving config. */
      readonly diff: Diff
      readonly atMs: number
    }
  /** A call of a module has begun or ended. `close` is called after the record. */
  | {
      readonly kind: 'phase'
      readonly transaction: string
      readonly module: string
      readonly phase: Phase
      readonly startMs: number
      /** Absent when the call begins. */
      readonly ended?: { readonly atMs: number; readonly result: PhaseTiming['result'] }
    }
  /** A transaction has ended. */
  | { readonly kind: 'record'; readonly record: TransactionRecord }
  /** Something failed outside of a transaction. */
  | { readonly kind: 'reported'; readonly failure: Failure; readonly at: number }
  /** The reloader has closed. No event follows. */
  | { readonly kind: 'closed' }

/** Gives access to the state and the events of a reloader. An error of a listener changes nothing. */
export interface Observation {
  /** Returns the wall-clock time of the reloader's clock. */
  readonly now: () => number
  /** Returns true from the call of `close` on. */
  readonly isClosing: () => boolean
  /** What only the inspector shows. */
  readonly inspected?: InspectedParts
  /** Returns how long the last close of each module took: closes are in no record. */
  readonly lastCloses?: () => ReadonlyMap<string, PhaseTiming>
  /** How a document is put on trial. */
  readonly trials?: Trials
  /** Returns the status of the reloader. */
  readonly status: () => ReloaderStatus
  /** Returns the state of each machine. */
  readonly machines: () => readonly MachineState<MachineName>[]
  /** Calls the listener for each event. Returns the function that ends it. */
  readonly observe: (listener: (event: ReloaderEvent) => void) => () => void
  /**
   * Calls the listener for each step of a machine. Returns the function that ends it. A step takes some microseconds
   * more as long as there is a listener.
   */
  readonly observeMachines: (listener: (state: MachineState<MachineName>) => void) => () => void
}

const observations = new WeakMap<object, Observation>()

/** Stores the observation of a reloader, so that `observationOf` finds it. */
export const registerObservation = (reloader: object, observation: Observation): void => {
  observations.set(reloader, observation)
}

/**
 * Returns the observation of a reloader.
 *
 * @throws ChangeoverError `reloader.invalid-option` unless `createReloader` of this copy of the package made the
 * reloader
 */
export const observationOf = (reloader: object): Observation => {
  const observation = observations.get(reloader)
  if (observation === undefined) {
    throw changeoverError('reloader.invalid-option', { detail: 'reloader must be what createReloader returned' })
  }
  return observation
}
