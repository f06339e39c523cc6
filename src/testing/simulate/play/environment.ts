import type { EntryName, GoodStore } from '../../../api/good-store.ts'
import type { Source } from '../../../api/source.ts'
import { fileStore } from '../../../persistence/file-store.ts'
import type { Processes } from '../../../persistence/sharing/owner.ts'
import { internalsOf, withInternals } from '../../../persistence/sharing/store-internals.ts'
import type { Schema, SchemaResult } from '../../../model/schema.ts'
import { FileInvariants } from '../check/file-invariants.ts'
import type { EnvironmentCall, Scenario } from '../scenario/scenario.ts'
import { fileSystemOf, type MemoryFiles } from './disk/memory-files.ts'
import type { CallDeps } from './fault-plan.ts'
import { plantedOutageError } from './planted-error.ts'
import { never } from './process.ts'
import { ObservedSource } from './source/observed-source.ts'

interface EnvironmentDeps extends CallDeps {
  readonly scenario: Scenario
  readonly source: Source
  /** What the processes of the service keep on their disk. */
  readonly disk: Disk
  /** The process itself and the others, as it sees them. */
  readonly processes: Processes
  /** Notes that something was not read from the disk, or not written to it. */
  readonly onDiskOutage: () => void
}

/** What outlives a process: the entries of a user's store, or the files of ours. */
export interface Disk {
  readonly entries: Map<string, string>
  readonly files: MemoryFiles
}

/** Where the files of the simulated store are. */
const STORE_PATH = '/simulated/good'

/**
 * The source, the schema and the disk as one process sees them. A dead process gets no answers and writes nothing. A call for
 * which something is planned takes an extra turn, so that the machine has already entered the state that makes the call.
 */
export class Environment {
  readonly #deps: EnvironmentDeps
  readonly #source: ObservedSource

  constructor(deps: EnvironmentDeps) {
    this.#deps = deps
    this.#source = new ObservedSource(deps.source, deps.scenario, deps.process)
  }

  /** The number of watches of the source that the process holds open. */
  get openWatches(): number {
    return this.#source.openWatches
  }

  source(): Source {
    const { source, plan } = this.#deps
    return {
      name: source.name,
      endpoint: source.endpoint,
      read: async (signal) => {
        if (plan.hasPlansFor('source.read')) await undefined
        const refused = this.#refusal('source.read')
        if (refused !== undefined) return refused
        return this.#source.read(signal, () => this.#survives('source.read'))
      },
      watch: this.#source.watch,
    }
  }

  disk(): GoodStore {
    const { plan, process, processes } = this.#deps
    const inner = this.#store()
    const save = (name: EntryName, text: string) =>
      process.isDead ? never<void>() : this.#answer('disk.save', () => inner.save(name, text))
    const store: GoodStore = {
      load: (name: EntryName) => this.#answer('disk.load', () => inner.load(name)),
      save: (name: EntryName, text: string) =>
        plan.hasPlansFor('disk.save') ? Promise.resolve().then(() => save(name, text)) : save(name, text),
    }
    // All simulated processes are one real process, which must not refuse to share the files.
    return withInternals(store, { ...internalsOf(inner), keys: () => [], processes })
  }

  #store(): GoodStore {
    const { disk, process, processes, scenario, log } = this.#deps
    if (scenario.persists === 'files') {
      const invariants = new FileInvariants(disk.files, processes, log.breach)
      return fileStore(STORE_PATH, fileSystemOf(disk.files, process, invariants), processes)
    }
    return { load: (name) => disk.entries.get(name), save: (name, text) => void disk.entries.set(name, text) }
  }

  /** Returns the schema, wrapped if something is planned for its calls. */
  schema<Config>(schema: Schema<Config>): Schema<Config> {
    if (!this.#deps.plan.hasPlansFor('schema.validate')) return schema
    const standard = schema['~standard']
    const validate = async (value: unknown): Promise<SchemaResult<Config>> => {
      await undefined
      return this.#answer('schema.validate', () => standard.validate(value))
    }
    // The other members stay as they are, getters too.
    return { '~standard': Object.create(standard, { validate: { value: validate } }) as typeof standard }
  }

  /** Makes a call whose answer comes at once. */
  #answer<T>(call: EnvironmentCall, make: () => T): T | Promise<never> {
    const refused = this.#refusal(call)
    if (refused !== undefined) return refused
    const answer = make()
    return this.#survives(call) ? answer : never()
  }

  /** Returns what the caller gets instead of an answer, if the process dies before the call or nothing can be reached. */
  #refusal(call: EnvironmentCall): Promise<never> | undefined {
    const { plan, process, crash, onDiskOutage } = this.#deps
    const fault = process.isDead ? undefined : plan.takeFault(call)
    if (fault === undefined) return undefined
    if (fault.kind === 'outage') {
      if (fault.module === 'disk') onDiskOutage()
      return Promise.reject(plantedOutageError)
    }
    crash()
    return never()
  }

  /** Performs the steps that are planned for the moment after the call, and returns whether the process survives them. */
  #survives(call: EnvironmentCall): boolean {
    const { plan, process, onDuring } = this.#deps
    if (process.isDead) return false
    if (plan.hasPlansFor(call)) for (const step of plan.stepsDuring(call)) onDuring(step)
    return !process.isDead
  }
}
