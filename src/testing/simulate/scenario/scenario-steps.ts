import { placeOf } from './place.ts'
import type { EnvironmentCall, FaultPhase, OutagePhase, SourceFault, Step } from './scenario.ts'

/** The steps of a scenario, as methods that add to a list. They happen one after the other, or during a call. */
export class Steps {
  readonly #steps: Step[]

  constructor(steps: Step[]) {
    this.#steps = steps
  }

  protected add(step: Step): this {
    this.#steps.push(step)
    return this
  }

  /** Writes a document. A string is written as it is. */
  put(document: unknown): this {
    return this.add({ do: 'put', document })
  }
  /** Writes `count` documents at one moment; `document` is the last of them. */
  storm(count: number, document: unknown): this {
    return this.add({ do: 'storm', count, document })
  }
  /** Writes two keys in one transaction of the store. */
  putBoth(first: unknown, second: unknown): this {
    return this.add({ do: 'put-both', documents: [first, second] })
  }
  /** Makes trouble at the source. It is healed after `ms` of virtual time, or at the end. */
  source(fault: SourceFault, ms?: number): this {
    return this.add({ do: 'source', fault, ...(ms === undefined ? {} : { ms }) })
  }
  /** Makes the source compact the revision from which the watch follows. */
  compact(): this {
    return this.source('compact')
  }
  /** Makes the source unreachable, for `ms` of virtual time or until the end. */
  disconnect(ms?: number): this {
    return this.source('disconnect', ms)
  }
  /** Writes the last document again with its keys in another order. */
  reorder(): this {
    return this.add({ do: 'reorder' })
  }
  /** Sets the wall clock forward by `ms`, or back. */
  clock(ms: number): this {
    return this.add({ do: 'clock', ms })
  }
  /** Rotates a file that the config names, and calls `reloader.refresh()`, for one module or for all. */
  refresh(module?: string): this {
    return this.add({ do: 'refresh', ...(module === undefined ? {} : { module }) })
  }
  /** Rotates a file that the config names, and calls `reloader.reload({ force: true })`. */
  force(): this {
    return this.add({ do: 'force' })
  }
  /** Calls `reloader.reload()`. */
  reload(): this {
    return this.add({ do: 'reload' })
  }
  /** Calls `reloader.freeze()`. */
  freeze(): this {
    return this.add({ do: 'freeze' })
  }
  /** Calls `reloader.unfreeze()`. */
  unfreeze(): this {
    return this.add({ do: 'unfreeze' })
  }
  /** Calls `reloader.revert()`. */
  revert(): this {
    return this.add({ do: 'revert' })
  }
  /** Calls `reloader.retry()`. */
  retry(): this {
    return this.add({ do: 'retry' })
  }
  /** Calls `reloader.release()`. */
  release(): this {
    return this.add({ do: 'release' })
  }
  /** Calls `reloader.confirm()` for the transaction that awaits a confirmation. */
  confirm(): this {
    return this.add({ do: 'confirm' })
  }
  /**
   * Makes all calls of this kind fail for `ms` of virtual time, as if a server could not be reached.
   * @throws SimulationError `simulate.bad-scenario` if such calls have no outages
   */
  outage(place: `${string}.${FaultPhase}` | EnvironmentCall, ms?: number): this {
    const { module, phase } = placeOf(place, 'outage')
    return this.add({ do: 'outage', module, phase: phase as OutagePhase, ...(ms === undefined ? {} : { ms }) })
  }
  /** Ends the process without a close. A supervisor starts it again. */
  crash(): this {
    return this.add({ do: 'crash' })
  }
}
