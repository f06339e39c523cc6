import type { EntryName, GoodStore } from '../../../api/good-store.ts'
import type { Schema, SchemaResult } from '../../../model/schema.ts'
import type { ReadResult, Source } from '../../../api/source.ts'
import type { FaultPlan } from './fault-plan.ts'
import { never, type SimulatedProcess } from './process.ts'
import type { OutsideCall, Step } from '../scenario/scenario.ts'

/** What outlives a process, and what its calls may bring about. */
export interface OutsideWorld {
  readonly plan: FaultPlan
  readonly source: Source
  readonly disk: Map<string, string>
  readonly crash: () => void
  readonly onDuring: (step: Step) => void
}

// Where something is planned in a call it takes a turn of its own, so that the machine is in the state that has called.

/** The source, the schema and the disk as one process sees them: a dead one is answered nothing, and writes nothing. */
export class Outside {
  readonly #world: OutsideWorld
  readonly #process: SimulatedProcess

  constructor(world: OutsideWorld, process: SimulatedProcess) {
    this.#world = world
    this.#process = process
  }

  source(): Source {
    const { source } = this.#world
    return {
      name: source.name,
      endpoint: source.endpoint,
      read: async (signal) => {
        if (this.#world.plan.mentions('source.read')) await undefined
        if (this.#diesIn('source.read')) return never<ReadResult>()
        const reading = await source.read(signal)
        return this.#livesAfter('source.read') ? reading : never<ReadResult>()
      },
      watch: source.watch,
    }
  }

  disk(): GoodStore {
    const { disk, plan } = this.#world
    return {
      load: (name: EntryName) => {
        if (this.#diesIn('disk.load')) return never<string | undefined>()
        const text = disk.get(name)
        return this.#livesAfter('disk.load') ? text : never<string | undefined>()
      },
      save: (name: EntryName, text: string) =>
        plan.mentions('disk.save') ? this.#saveLater(name, text) : this.#save(name, text),
    }
  }

  #save(name: EntryName, text: string): Promise<void> | undefined {
    if (this.#process.isDead || this.#diesIn('disk.save')) return never<void>()
    this.#world.disk.set(name, text)
    return this.#livesAfter('disk.save') ? undefined : never<void>()
  }

  async #saveLater(name: EntryName, text: string): Promise<void> {
    await undefined
    return this.#save(name, text)
  }

  /** The schema itself, unless something is to happen in it. */
  schema<Config>(schema: Schema<Config>): Schema<Config> {
    if (!this.#world.plan.mentions('schema.validate')) return schema
    const standard = schema['~standard']
    const validate = async (value: unknown): Promise<SchemaResult<Config>> => {
      await undefined
      if (this.#diesIn('schema.validate')) return never()
      const result = standard.validate(value)
      return this.#livesAfter('schema.validate') ? result : never()
    }
    // What else it offers beside itself stays as it is, getters too.
    return { '~standard': Object.create(standard, { validate: { value: validate } }) as typeof standard }
  }

  /** True where the process dies before the call is made. */
  #diesIn(call: OutsideCall): boolean {
    const { plan, crash } = this.#world
    if (this.#process.isDead || !plan.mentions(call) || plan.takeOutside(call) === undefined) return false
    crash()
    return true
  }

  /** The call has been answered, and before anybody hears of it something may happen: the death of the process, too. */
  #livesAfter(call: OutsideCall): boolean {
    const { plan, onDuring } = this.#world
    if (this.#process.isDead) return false
    if (plan.mentions(call)) for (const step of plan.duringOutside(call)) onDuring(step)
    return !this.#process.isDead
  }
}
