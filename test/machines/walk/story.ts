import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import {
  answerOf,
  breakOf,
  type Call,
  callOf,
  type Effect,
  elapseOf,
  type Step,
  type Stepper,
  stateOf,
} from './stepper.ts'

/** A machine whose actors and timers are played by the test, one event at a time. */
export class MachineStory<Context, Event> {
  readonly #stepper: Stepper
  /** Every action that the machine has asked for so far. */
  readonly effects: Effect[] = []
  snapshot: AnyMachineSnapshot

  constructor(stepper: Stepper, input?: object) {
    this.#stepper = stepper
    this.snapshot = this.#take(stepper.initial(input))
  }

  get state(): string {
    return stateOf(this.snapshot)
  }

  get context(): Context {
    return this.snapshot.context as Context
  }

  /** All work that was asked for so far, with its input. */
  get calls(): readonly Call[] {
    return this.effects.flatMap((effect) => callOf(effect) ?? [])
  }

  /** The names of the work that was asked for so far. */
  get called(): readonly string[] {
    return this.calls.map(({ src }) => src)
  }

  /** Returns the input of the last call of an actor. */
  inputOf(actor: string): unknown {
    return this.calls.findLast(({ src }) => src === actor)?.input
  }

  /** Counts the actors that have rejected. */
  get broken(): number {
    return this.countOf('reportBroken')
  }

  countOf(action: string): number {
    return this.effects.filter(({ type }) => type === action).length
  }

  send(event: Event | AnyEventObject): this {
    this.snapshot = this.#take(this.#stepper.step(this.snapshot, event as AnyEventObject))
    return this
  }

  answer(actor: string, output: unknown): this {
    return this.send(answerOf(this.snapshot, actor, output))
  }

  breakActor(actor: string): this {
    return this.send(breakOf(this.snapshot, actor))
  }

  elapse(delay: string): this {
    return this.send(elapseOf(this.snapshot, delay))
  }

  close(): this {
    return this.send({ type: 'close.requested' })
  }

  #take({ snapshot, effects }: Step): AnyMachineSnapshot {
    this.effects.push(...effects)
    return snapshot
  }
}
