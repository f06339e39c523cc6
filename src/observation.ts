import type { ReloaderStatus } from './status.ts'
import { type Diff, diffOf } from './model/diff.ts'
import { changeoverError, type Failure, type Phase } from './model/errors.ts'
import type { ModuleChange, PhaseTiming, TransactionRecord, Trigger } from './model/record.ts'
import type { Visibility } from './model/paths.ts'
import type { Revision } from './model/revision.ts'
import type { Transaction } from './runner/transaction.ts'
import { type ChartState, type ObservableActor, observeChart, shownState } from './chart-observer.ts'

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
  /** Its document is valid, and this is what it changes, in dependency order; said anew where a newer document took over. */
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

/** The machines of a reloader. */
export type MachineName = 'reload' | 'watch' | 'admission'

/** A reloader as an onlooker sees it. What a listener throws changes nothing. */
export interface Observation {
  readonly status: () => ReloaderStatus
  /** Where each machine is now. */
  readonly charts: () => readonly ChartState<MachineName>[]
  /** Costs some function calls a transaction. Returns the function that ends it. */
  readonly observe: (listener: (event: Observed) => void) => () => void
  /** Costs some microseconds a step of a machine, as long as anybody listens. Returns the function that ends it. */
  readonly observeCharts: (listener: (state: ChartState<MachineName>) => void) => () => void
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
    throw changeoverError('reloader.invalid-option', { detail: 'reloader takes what createReloader returned' })
  }
  return observation
}

type PlannedTransaction = Pick<Transaction, 'id' | 'snapshot' | 'moduleRecords' | 'elapsedMs'>

/** Where the parts of a reloader say what happens. Without listeners it is one look at an empty set. */
export class Announcer {
  readonly #now: () => number
  readonly #actors = new Map<MachineName, ObservableActor>()
  readonly #listeners = new Set<(event: Observed) => void>()
  readonly #chartListeners = new Set<(state: ChartState<MachineName>) => void>()
  #detach: (() => void)[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** False where building an event would be work for nothing. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  readonly announce = (event: Observed): void => {
    for (const listener of this.#listeners) tell(listener, event)
  }

  /** A transaction has its plan; the diff is made only where somebody listens. */
  planned(transaction: PlannedTransaction, serving: unknown, visibility: Visibility): void {
    const { id, snapshot } = transaction
    if (!this.isHeard || snapshot === undefined) return
    this.announce({
      kind: 'planned',
      transaction: id,
      revision: snapshot.revision,
      digest: snapshot.digest,
      modules: transaction.moduleRecords().map(({ module, change, after }) => ({ module, change, after })),
      diff: diffOf(serving, snapshot.config, visibility),
      atMs: transaction.elapsedMs(),
    })
  }

  /** A machine that onlookers may follow. */
  readonly present = (machine: MachineName, actor: ObservableActor): void => {
    this.#actors.set(machine, actor)
  }

  /** What onlookers are given. */
  observation(status: () => ReloaderStatus): Observation {
    return {
      status,
      charts: () => [...this.#actors].map(([machine, actor]) => shownState(machine, actor, this.#now())),
      observe: (listener) => subscribe(this.#listeners, listener),
      observeCharts: (listener) => {
        if (this.#chartListeners.size === 0) this.#attach()
        const end = subscribe(this.#chartListeners, listener)
        return () => {
          end()
          if (this.#chartListeners.size === 0) for (const detach of this.#detach.splice(0)) detach()
        }
      },
    }
  }

  #attach(): void {
    const hear = (state: ChartState<MachineName>): void => {
      for (const listener of this.#chartListeners) tell(listener, state)
    }
    this.#detach = [...this.#actors].map(([machine, actor]) => observeChart(machine, actor, this.#now, hear))
  }
}

/** One function that listens twice is two listeners. */
const subscribe = <T>(listeners: Set<(event: T) => void>, listener: (event: T) => void): (() => void) => {
  const own = (event: T): void => listener(event)
  listeners.add(own)
  return () => {
    listeners.delete(own)
  }
}

const tell = <T>(listener: (event: T) => void, event: T): void => {
  try {
    listener(event)
  } catch {
    // An onlooker's trouble is not the reloader's.
  }
}
