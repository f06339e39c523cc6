import { type ObservableActor, observeMachine, shownState } from '../xstate/machine-observer.ts'
import type { MachineState } from '../api/internal/machine-state.ts'
import { diffOf } from '../model/data/diff.ts'
import type { Failure } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'
import type { MachineName } from '../api/internal/machine-state.ts'
import type { Observation, ReloaderEvent } from '../api/internal/observation.ts'
import { Channels } from './channels.ts'
import type { OnPhase } from './phase-timings.ts'
import type { Transaction } from './transaction.ts'
import type { ReloaderStatus } from '../api/status.ts'

type PlannedTransaction = Pick<Transaction, 'id' | 'snapshot' | 'plan' | 'moduleRecords' | 'timings'>

/**
 * Announces what happens in a reloader: to its listeners, and on the channels. Without listeners that costs one look at an
 * empty set, and one at a channel.
 */
export class EventBus {
  /** The channels that everything in the process may subscribe to. */
  readonly channels: Channels
  readonly #now: () => number
  readonly #actors = new Map<MachineName, ObservableActor>()
  readonly #listeners = new Set<(event: ReloaderEvent) => void>()
  readonly #machineListeners = new Set<(state: MachineState<MachineName>) => void>()
  #detach: (() => void)[] = []

  /** @param id names the reloader on the channels */
  constructor(now: () => number, id = '') {
    this.#now = now
    this.channels = new Channels(id, now)
  }

  /** False if building an event would be work for nothing. */
  get isHeard(): boolean {
    return this.#listeners.size > 0
  }

  announce(event: ReloaderEvent): void {
    for (const listener of this.#listeners) callSafely(listener, event)
    this.channels.announce(event)
  }

  began({ id, epoch, trigger, startedAt }: Pick<Transaction, 'id' | 'epoch' | 'trigger' | 'startedAt'>): void {
    if (!this.isHeard && !this.channels.areTransactionsHeard) return
    this.announce({ kind: 'began', transaction: id, epoch, trigger, at: startedAt })
  }

  /** Announces the snapshot of a transaction, and its plan unless it was refused. The diff is made only for listeners. */
  planned(transaction: PlannedTransaction, serving: unknown, visibility: Visibility): void {
    const { id, snapshot } = transaction
    this.channels.planned(transaction)
    if (!this.isHeard || snapshot === undefined) return
    this.announce({
      kind: 'planned',
      transaction: id,
      revision: snapshot.revision,
      digest: snapshot.digest,
      modules: transaction.moduleRecords().map(({ module, change, after }) => ({ module, change, after })),
      diff: diffOf(serving, snapshot.config, visibility),
      atMs: transaction.timings.elapsedMs(),
    })
  }

  /** Announces the phases of a transaction. */
  onPhaseOf(transaction: string): OnPhase {
    return (module, phase, startMs, ended) => {
      this.channels.phase(transaction, module, phase, startMs, ended)
      if (!this.isHeard) return
      this.announce({ kind: 'phase', transaction, module, phase, startMs, ...(ended === undefined ? {} : { ended }) })
    }
  }

  reported(failure: Failure): void {
    this.announce({ kind: 'reported', failure, at: this.#now() })
  }

  /** Adds the machines that listeners may follow. */
  addMachines(actors: Readonly<Record<MachineName, ObservableActor>>): void {
    for (const [machine, actor] of Object.entries(actors)) this.#actors.set(machine as MachineName, actor)
  }

  /** What a listener is given. */
  observation(status: () => ReloaderStatus, isClosing: () => boolean = () => false): Observation {
    return {
      status,
      isClosing,
      now: this.#now,
      machines: () => [...this.#actors].map(([machine, actor]) => shownState(machine, actor, this.#now())),
      observe: (listener) => subscribe(this.#listeners, listener),
      observeMachines: (listener) => {
        if (this.#machineListeners.size === 0) this.#attach()
        const end = subscribe(this.#machineListeners, listener)
        return () => {
          end()
          if (this.#machineListeners.size === 0) for (const detach of this.#detach.splice(0)) detach()
        }
      },
    }
  }

  #attach(): void {
    const announce = (state: MachineState<MachineName>): void => {
      for (const listener of this.#machineListeners) callSafely(listener, state)
    }
    this.#detach = [...this.#actors].map(([machine, actor]) => observeMachine(machine, actor, this.#now, announce))
  }
}

/** A function that listens twice is two listeners. */
const subscribe = <T>(listeners: Set<(event: T) => void>, listener: (event: T) => void): (() => void) => {
  const own = (event: T): void => listener(event)
  listeners.add(own)
  return () => {
    listeners.delete(own)
  }
}

const callSafely = <T>(listener: (event: T) => void, event: T): void => {
  try {
    listener(event)
  } catch {
    // What a listener throws is not the reloader's trouble.
  }
}
