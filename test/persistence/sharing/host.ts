import { fileStore } from '../../../src/persistence/file-store.ts'
import type { FileSystem } from '../../../src/persistence/file-system.ts'
import { Persistence } from '../../../src/persistence/persistence.ts'
import type { Owner, OwnerState } from '../../../src/persistence/sharing/owner.ts'
import { createVirtualClock } from '../../../src/testing/fakes/virtual-clock.ts'
import { createDisk } from '../disk.ts'
import { wordsOf } from '../scene.ts'

const PATH = '/data/good'

/** A machine on which processes start and die, and share one path of a disk in memory. */
export const createHost = (disk = createDisk()) => {
  const states = new Map<string, OwnerState>()

  /** Starts a process. `files` may differ from the disk's, to script its steps. */
  const boot = (name: string, files: FileSystem = disk.files) => {
    const pid = states.size + 1
    const self: Owner = { host: 'host', boot: 'boot', space: '', pid, started: `${pid}`, instance: name }
    states.set(name, 'alive')
    const stateOf = (owner: Owner): OwnerState => states.get(owner.instance) ?? 'dead'
    const failures: string[] = []
    const clock = createVirtualClock()
    const store = fileStore(PATH, files, { self, stateOf })
    const persistence = new Persistence(store, {
      clock,
      deadlineMs: 1_000,
      report: (failed) => void failures.push(...wordsOf([failed])),
    })
    return { name, self, store, persistence, failures, kill: () => void states.set(name, 'dead') }
  }
  return {
    disk,
    boot,
    setState: (name: string, state: OwnerState) => void states.set(name, state),
    /** The files on the disk, without their folder. */
    get names(): readonly string[] {
      return disk.paths().map((path) => path.replace('/data/', ''))
    },
    /** The files that hold entries. */
    get entries(): readonly string[] {
      return this.names.filter((name) => !name.includes('.owner-'))
    },
  }
}
