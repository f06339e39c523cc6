import type { EntryName, GoodStore } from '../../../api/good-store.ts'
import type { ReadResult, Source } from '../../../api/source.ts'
import type { Schema, SchemaResult } from '../../../model/schema.ts'
import type { EnvironmentCall, EnvironmentPhase, Step } from '../scenario/scenario.ts'
import type { FaultPlan } from './fault-plan.ts'
import { never, type SimulatedProcess } from './process.ts'

interface EnvironmentDeps {
  readonly plan: FaultPlan
  readonly source: Source
  readonly disk: Map<string, string>
  readonly crash: () => void
  readonly onDuring: (step: Step) => void
}

/**
 * The source, the schema and the disk as one process sees them. A dead process gets no answers and writes nothing. A call for
 * which something is planned takes an extra turn, so that the machine has already entered the state that makes the call.
 */
export class Environment {
  readonly #deps: EnvironmentDeps
  readonly #process: SimulatedProcess

  constructor(deps: EnvironmentDeps, process: SimulatedProcess) {
    this.#deps = deps
    this.#process = process
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
    const { disk, plan } = this.#deps
    return {
      load: (name: EntryName) => {
        if (this.#diesBefore('disk.load')) return never<string | undefined>()
        const text = disk.get(name)
        return this.#survives('disk.load') ? text : never<string | undefined>()
      },
      save: (name: EntryName, text: string) =>
        plan.hasPlansFor('disk.save') ? this.#saveLater(name, text) : this.#save(name, text),
    }
  }

  #save(name: EntryName, text: string): Promise<void> | undefined {
    if (this.#process.isDead || this.#diesBefore('disk.save')) return never<void>()
    this.#deps.disk.set(name, text)
    return this.#survives('disk.save') ? undefined : never<void>()
  }

  async #saveLater(name: EntryName, text: string): Promise<void> {
    await undefined
    return this.#save(name, text)
  }

  /** Returns the schema, wrapped if something is planned for its calls. */
  schema<Config>(schema: Schema<Config>): Schema<Config> {
    if (!this.#deps.plan.hasPlansFor('schema.validate')) return schema
    const standard = schema['~standard']
    const validate = async (value: unknown): Promise<SchemaResult<Config>> => {
      await undefined
      if (this.#diesBefore('schema.validate')) return never()
      const result = standard.validate(value)
      return this.#survives('schema.validate') ? result : never()
    }
    // The other members stay as they are, getters too.
    return { '~standard': Object.create(standard, { validate: { value: validate } }) as typeof standard }
  }

  /** True if the process is dead, or dies now, before the call is made. */
  #diesBefore(call: EnvironmentCall): boolean {
    const { plan, crash } = this.#deps
    if (this.#process.isDead || !plan.hasPlansFor(call) || plan.takeFault(...parts(call)) === undefined) return false
    crash()
    return true
  }

  /** Performs the steps that are planned for the moment after the call, and returns whether the process survives them. */
  #survives(call: EnvironmentCall): boolean {
    const { plan, onDuring } = this.#deps
    if (this.#process.isDead) return false
    if (plan.hasPlansFor(call)) for (const step of plan.stepsDuring(...parts(call))) onDuring(step)
    return !this.#process.isDead
  }
}

const parts = (call: EnvironmentCall): [string, EnvironmentPhase] => {
  const [module = '', phase] = call.split('.')
  return [module, phase as EnvironmentPhase]
}
