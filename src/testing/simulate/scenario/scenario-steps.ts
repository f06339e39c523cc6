import type { SourceFault, Step } from './scenario.ts'

/** What may happen, now or during a call. */
export abstract class Steps {
  protected abstract add(step: Step): this

  /** Writes a document. A string is written as it is. */
  put(document: unknown): this {
    return this.add({ do: 'put', document })
  }
  /** So many writes at one moment, of which the document is the last. */
  storm(count: number, document: unknown): this {
    return this.add({ do: 'storm', count, document })
  }
  /** Two keys in one transaction of the store. */
  putBoth(first: unknown, second: unknown): this {
    return this.add({ do: 'put-both', documents: [first, second] })
  }
  /** Something befalls the source; it is healed after `ms`, or at the end. */
  source(fault: SourceFault, ms?: number): this {
    return this.add({ do: 'source', fault, ...(ms === undefined ? {} : { ms }) })
  }
  /** The source compacts what the watch asks for. */
  compact(): this {
    return this.source('compact')
  }
  disconnect(ms?: number): this {
    return this.source('disconnect', ms)
  }
  reload(): this {
    return this.add({ do: 'reload' })
  }
  freeze(): this {
    return this.add({ do: 'freeze' })
  }
  unfreeze(): this {
    return this.add({ do: 'unfreeze' })
  }
  revert(): this {
    return this.add({ do: 'revert' })
  }
  retry(): this {
    return this.add({ do: 'retry' })
  }
  release(): this {
    return this.add({ do: 'release' })
  }
  confirm(): this {
    return this.add({ do: 'confirm' })
  }
  /** The process dies, and a supervisor starts it again. */
  crash(): this {
    return this.add({ do: 'crash' })
  }
}

/** Collects what happens during one call. */
export class DuringSteps extends Steps {
  readonly steps: Step[] = []

  protected add(step: Step): this {
    this.steps.push(step)
    return this
  }
}
