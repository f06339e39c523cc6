import type { EntryName, GoodStore } from '../../../api/good-store.ts'
import type { ReadResult, Source } from '../../../api/source.ts'
import { type StoreInternals, withInternals } from '../../../persistence/sharing/store-internals.ts'
import type { Schema, SchemaResult } from '../../../model/schema.ts'
import type { EnvironmentCall } from '../scenario/scenario.ts'
import type { CallDeps } from './fault-plan.ts'
import { never } from './process.ts'

interface EnvironmentDeps extends CallDeps {
  readonly source: Source
  readonly disk: Map<string, string>
  /** The process itself and the others, as it sees them. */
  readonly processes: NonNullable<StoreInternals['processes']>
}

/**
 * The source, the schema and the disk as one process sees them. A dead process gets no answers and writes nothing. A call for
 * which something is planned takes an extra turn, so that the machine has already entered the state that makes the call.
 */
export class Environment {
  readonly #deps: EnvironmentDeps

  constructor(deps: EnvironmentDeps) {
    this.#deps = deps
  }

  source(): Source {
    const { source, plan } = this.#deps
    return {
      name: source.name,
      endpoint: source.endpoint,
      read: async (signal) => {
        if (plan.hasPlansFor('source.read')) await undefined
        if (this.#diesBefore('source.read')) return never<ReadResult>()
        const result = await source.read(signal)
        return this.#survives('source.read') ? result : never<ReadResult>()
      },
      watch: source.watch,
    }
  }

  disk(): GoodStore {
    const { disk, plan, process, processes } = this.#deps
    const save = (name: EntryName, text: string) =>
      process.isDead ? never<void>() : this.#answer('disk.save', () => void disk.set(name, text))
    const store: GoodStore = {
      load: (name: EntryName) => this.#answer('disk.load', () => disk.get(name)),
      save: (name: EntryName, text: string) =>
        plan.hasPlansFor('disk.save') ? Promise.resolve().then(() => save(name, text)) : save(name, text),
    }
    return withInternals(store, { processes })
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
    if (this.#diesBefore(call)) return never()
    const answer = make()
    return this.#survives(call) ? answer : never()
  }

  /** True if the process dies now, before the call is made. */
  #diesBefore(call: EnvironmentCall): boolean {
    const { plan, process, crash } = this.#deps
    if (process.isDead || !plan.hasPlansFor(call) || plan.takeFault(call) === undefined) return false
    crash()
    return true
  }

  /** Performs the steps that are planned for the moment after the call, and returns whether the process survives them. */
  #survives(call: EnvironmentCall): boolean {
    const { plan, process, onDuring } = this.#deps
    if (process.isDead) return false
    if (plan.hasPlansFor(call)) for (const step of plan.stepsDuring(call)) onDuring(step)
    return !process.isDead
  }
}
