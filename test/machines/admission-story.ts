import type { Candidate } from '../../src/model/candidate.ts'
import { type AdmissionContext, type AdmissionEvent, admissionMachine } from '../../machines/index.ts'
import { revision } from './walk/moves.ts'
import { createStepper, type Effect } from './walk/stepper.ts'
import { MachineStory } from './walk/story.ts'

const stepper = createStepper(admissionMachine)

/** A document that was passed on. */
export interface Delivery {
  readonly candidate: Candidate | undefined
  readonly wasFrozen: boolean
}

/** Returns the document that an effect passes on, if it does. */
export const deliveryOf = ({ type, context }: Effect): readonly Delivery[] =>
  type === 'deliver' || type === 'deliverFrozen'
    ? [{ candidate: (context as unknown as AdmissionContext).newest, wasFrozen: type === 'deliverFrozen' }]
    : []

export class AdmissionStory extends MachineStory<AdmissionContext, AdmissionEvent> {
  /** The names of all documents passed on so far; an exclamation mark means `wasFrozen`. */
  get delivered(): readonly string[] {
    return this.effects
      .flatMap(deliveryOf)
      .map(({ candidate, wasFrozen }) => `${candidate?.revision.name}${wasFrozen ? '!' : ''}`)
  }

  #now = 0

  change(order: number, lineage?: string, name?: string): this {
    const candidate = { revision: revision(order, lineage, name) }
    return this.send({ type: 'source.changed', candidate, at: this.#now })
  }

  /** Lets time pass without a change. */
  rest(ms: number): this {
    this.#now += ms
    return this
  }

  /** Delivers the changes from one order to another. */
  storm(from: number, to: number): this {
    for (let order = from; order <= to; order++) this.change(order)
    return this
  }

  read(order: number, lineage?: string): this {
    return this.send({ type: 'document.read', candidate: { revision: revision(order, lineage) } })
  }

  freeze(): this {
    return this.send({ type: 'freeze.requested' })
  }

  unfreeze(): this {
    return this.send({ type: 'unfreeze.requested' })
  }
}

export const startAdmission = (): AdmissionStory => new AdmissionStory(stepper)
