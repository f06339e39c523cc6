import type { MachineName, MachineState } from '../../api/machine-state.ts'
import type { MachineStates } from './protocol.ts'

type State = MachineState<MachineName>

/** Of a machine in a storm, the page highlights only the latest transitions. */
const MAX_TRANSITIONS = 32

/** Keeps the state of each machine and the steps that are not sent yet. Quick steps of one machine are merged. */
export class MachineLog {
  readonly #states = new Map<MachineName, State>()
  readonly #unsent = new Map<MachineName, State>()

  get states(): MachineStates {
    return Object.fromEntries(this.#states)
  }

  /** Replaces all states; there is nothing to send then. */
  reset(states: readonly State[]): void {
    this.#unsent.clear()
    for (const state of states) this.#states.set(state.machine, state)
  }

  add(state: State): void {
    const earlier = this.#unsent.get(state.machine)?.taken ?? []
    const merged = { ...state, taken: [...earlier, ...state.taken].slice(-MAX_TRANSITIONS) }
    this.#unsent.set(state.machine, merged)
    this.#states.set(state.machine, state)
  }

  /** Returns the states to send, and marks them as sent. */
  takeUnsent(): readonly State[] {
    const states = [...this.#unsent.values()]
    this.#unsent.clear()
    return states
  }
}
