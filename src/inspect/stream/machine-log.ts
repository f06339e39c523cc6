import type { MachineState, MachineName } from '../../api/machine-state.ts'
import type { Charts } from './protocol.ts'

type State = MachineState<MachineName>

/** Transitions that are told at once; of a machine in a storm only the last are worth lighting. */
const MAX_TAKEN = 32

/** Where each machine is, and what it has done since that was last told: quick steps in a row become one. */
export class ChartLog {
  readonly #states = new Map<MachineName, State>()
  readonly #untold = new Map<MachineName, State>()

  get all(): Charts {
    return Object.fromEntries(this.#states)
  }

  reset(states: readonly State[]): void {
    this.#untold.clear()
    for (const state of states) this.#states.set(state.machine, state)
  }

  note(state: State): void {
    const earlier = this.#untold.get(state.machine)?.taken ?? []
    const told = { ...state, taken: [...earlier, ...state.taken].slice(-MAX_TAKEN) }
    this.#untold.set(state.machine, told)
    this.#states.set(state.machine, state)
  }

  /** What is to be told; told once. */
  take(): readonly State[] {
    const states = [...this.#untold.values()]
    this.#untold.clear()
    return states
  }
}
