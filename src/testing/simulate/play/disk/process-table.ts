import type { Owner, Processes } from '../../../../persistence/sharing/owner.ts'
import type { SimulatedProcess } from '../process.ts'

/** The processes of one simulated host, those that have ended too. Each is an owner of its own. */
export class ProcessTable {
  readonly #processes = new Map<string, SimulatedProcess>()

  add(process: SimulatedProcess): Processes {
    const pid = this.#processes.size + 1
    const self: Owner = { host: 'simulated', boot: '', space: '', pid, started: '', instance: `${pid}` }
    this.#processes.set(self.instance, process)
    return {
      self,
      stateOf: ({ instance }) => (this.#processes.get(instance)?.isRunning === true ? 'alive' : 'dead'),
    }
  }
}
