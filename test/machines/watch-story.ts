import type { Candidate } from '../../src/model/candidate.ts'
import { type WatchContext, type WatchMachineEvent, watchMachine } from '../../machines/index.ts'
import type { SourceCode } from '../../src/model/failure.ts'
import type { Revision } from '../../src/model/revision.ts'
import { revision } from './walk/moves.ts'
import { createStepper, type Effect, runningIn } from './walk/stepper.ts'
import { MachineStory } from './walk/story.ts'

const stepper = createStepper(watchMachine)

/** Returns the candidate that an effect passes on, if it does. */
export const deliveryOf = ({ type, event }: Effect): readonly Candidate[] =>
  type === 'deliver' ? [event.type === 'watch.reported' ? event.candidate : event.output.candidate] : []

export class WatchStory extends MachineStory<WatchContext, WatchMachineEvent> {
  /** The names of all candidates passed on so far. */
  get delivered(): readonly string[] {
    return this.effects.flatMap(deliveryOf).map((candidate) => candidate.revision.name)
  }

  /** The revision after which the last watch was started. */
  get watchedAfter(): Revision | undefined {
    return (this.inputOf('watchSource') as { readonly after: Revision } | undefined)?.after
  }

  get isWatching(): boolean {
    return runningIn(this.snapshot).has('watchSource')
  }

  /** The number of reads that were started. */
  get reads(): number {
    return this.called.filter((src) => src === 'readSource').length
  }

  read(order: number, lineage?: string): this {
    return this.answer('readSource', { kind: 'read', candidate: { revision: revision(order, lineage) } })
  }

  failRead(cause: SourceCode = 'source.unreachable'): this {
    return this.answer('readSource', { kind: 'failed', cause })
  }

  open(): this {
    return this.send({ type: 'watch.opened' })
  }

  announce(): this {
    return this.send({ type: 'watch.changed' })
  }

  report(order: number, lineage?: string, name?: string): this {
    return this.send({ type: 'watch.reported', candidate: { revision: revision(order, lineage, name) } })
  }

  breakStream(cause: SourceCode = 'source.unreachable'): this {
    return this.send({ type: 'watch.broke', cause })
  }

  /** Goes from the first read to a verified watch. */
  follow(order: number): this {
    return this.read(order).open().read(order)
  }
}

export const startWatch = (): WatchStory => new WatchStory(stepper)
