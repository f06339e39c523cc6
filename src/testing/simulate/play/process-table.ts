import type { Owner, Processes } from '../../../persistence/sharing/owner.ts'
import type { SimulatedProcess } from './process.ts'

/** The processes of one simulated host. Each is an owner of its own, which lives until it dies or another one is started. */
export class ProcessTable {
  readonly #running = new Map<string, SimulatedProcess>()
  #pid = 0

  /** Adds the process that runs now. Those before have ended. */
  add(process: SimulatedProcess): Processes {
    this.#running.clear()
    this.#pid += 1
    const self: Owner = {
      host: 'simulated',
      boot: '',
      space: '',
      pid: this.#pid,
      started: '',
      instance: `${this.#pid}`,
    }
    this.#running.set(self.instance, process)
    return {
      self,
      stateOf: ({ instance }) => (this.#running.get(instance)?.isDead === false ? 'alive' : 'dead'),
    }
  }
}
