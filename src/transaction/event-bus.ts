import { type ObservableActor, observeMachine, shownState } from '../xstate/machine-observer.ts'
import type { MachineState } from '../api/machine-state.ts'
import { diffOf } from '../model/diff.ts'
import type { Failure, Phase } from '../model/failure.ts'
import type { Visibility } from '../model/paths.ts'
import type { PhaseTiming } from '../model/record.ts'
import type { MachineName } from '../api/machine-state.ts'
import type { Observation, Observed } from '../api/observed.ts'
import type { Transaction } from './transaction.ts'
import type { ReloaderStatus } from '../api/status.ts'

type PlannedTransaction = Pick<Transaction, 'id' | 'snapshot' | 'moduleRecords' | 'elapsedMs'>

/** Where the parts of a reloader say what happens. Without listeners it is one look at an empty set. */
export class EventBus {
  readonly #now: () => number
  readonly #actors = new Map<MachineName, ObservableActor>()
  readonly #listeners = new Set<(event: Observed) => void>()
  readonly #chartListeners = new Set<(state: MachineState<MachineName>) => void>()
  #detach: (() => void)[] = []

  constructor(now: () => number) {
    this.#now = now
  }

  /** False where building an event would be work for nothing. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  announce(event: Observed): void {
    for (const listener of this.#listeners) tell(listener, event)
  }

  began({ id, epoch, trigger, startedAt }: Pick<Transaction, 'id' | 'epoch' | 'trigger' | 'startedAt'>): void {
    if (this.isHeard) this.announce({ kind: 'began', transaction: id, epoch, trigger, at: startedAt })
  }

  /** A transaction has its snapshot, and its plan where nothing refused it; the diff is made only where somebody listens. */
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

  phase(
    transaction: string,
    module: string,
    phase: Phase,
    startMs: number,
    ended?: { readonly atMs: number; readonly result: PhaseTiming['result'] },
  ): void {
    if (!this.isHeard) return
    this.announce({ kind: 'phase', transaction, module, phase, startMs, ...(ended === undefined ? {} : { ended }) })
  }

  reported(failure: Failure): void {
    if (this.isHeard) this.announce({ kind: 'reported', failure, at: this.#now() })
  }

  /** The machines that onlookers may follow. */
  present(actors: Readonly<Record<MachineName, ObservableActor>>): void {
    for (const [machine, actor] of Object.entries(actors)) this.#actors.set(machine as MachineName, actor)
  }

  /** What onlookers are given. */
  observation(status: () => ReloaderStatus): Observation {
    return {
      status,
      machines: () => [...this.#actors].map(([machine, actor]) => shownState(machine, actor, this.#now())),
      observe: (listener) => subscribe(this.#listeners, listener),
      observeMachines: (listener) => {
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
    const hear = (state: MachineState<MachineName>): void => {
      for (const listener of this.#chartListeners) tell(listener, state)
    }
    this.#detach = [...this.#actors].map(([machine, actor]) => observeMachine(machine, actor, this.#now, hear))
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
