import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { type AdmissionContext, type AdmissionEvent, admissionMachine } from '../../machines/index.ts'
import { contextOf } from './admission-moves.ts'
import { revision } from './reload-moves.ts'
import { createStepper, type Effect, elapseOf, type Step, stateOf } from './walk/stepper.ts'

const stepper = createStepper(admissionMachine)

/** A document that was let through. */
export interface Delivered {
  readonly candidate: Candidate | undefined
  readonly wasFrozen: boolean
}

/** The document that an effect hands on. */
export const deliveredOf = ({ type, context }: Effect): readonly Delivered[] =>
  type === 'deliver' || type === 'deliverFrozen'
    ? [{ candidate: (context as unknown as AdmissionContext).newest, wasFrozen: type === 'deliverFrozen' }]
    : []

/** An admission machine whose source and time are played by the test. */
export const tellAdmission = () => {
  let snapshot: AnyMachineSnapshot
  const delivered: Delivered[] = []

  const take = (step: Step) => {
    snapshot = step.snapshot
    delivered.push(...step.effects.flatMap(deliveredOf))
    return story
  }
  const send = (event: AdmissionEvent | AnyEventObject) => take(stepper.step(snapshot, event))
  const elapse = (delay: 'quiet' | 'window') => send(elapseOf(snapshot, delay))

  const story = {
    get state() {
      return stateOf(snapshot)
    },
    get context() {
      return contextOf(snapshot)
    },
    get snapshot() {
      return snapshot
    },
    /** The names of all documents let through so far; those that were held back with an exclamation mark. */
    get delivered() {
      return delivered.map(({ candidate, wasFrozen }) => `${candidate?.revision.name}${wasFrozen ? '!' : ''}`)
    },
    send,
    tell: (order: number, lineage?: string, name?: string) =>
      send({ type: 'source.changed', candidate: { revision: revision(order, lineage, name) } }),
    read: (order: number, lineage?: string) =>
      send({ type: 'document.read', candidate: { revision: revision(order, lineage) } }),
    /** As many changes as these, one after the other. */
    storm: (from: number, to: number) => {
      for (let order = from; order <= to; order++) story.tell(order)
      return story
    },
    elapseQuiet: () => elapse('quiet'),
    elapseWindow: () => elapse('window'),
    freeze: () => send({ type: 'freeze.requested' }),
    unfreeze: () => send({ type: 'unfreeze.requested' }),
    close: () => send({ type: 'close.requested' }),
  }
  return take(stepper.initial())
}

export type AdmissionStory = ReturnType<typeof tellAdmission>
