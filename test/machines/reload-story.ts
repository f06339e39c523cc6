import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import { type Candidate, type ReloadEvent, reloadMachine } from '../../machines/index.ts'
import type { Outcome, Trigger } from '../../src/model/record.ts'
import { changed, contextOf, revision } from './reload-moves.ts'
import { answerOf, breakOf, createStepper, elapseOf, type Effect, type Step, stateOf } from './walk/stepper.ts'

const stepper = createStepper(reloadMachine)

export interface Concluded {
  readonly epoch: number
  readonly trigger: Trigger
  readonly outcome: Outcome
}

interface Asked {
  readonly src: string
  readonly input: unknown
}

type Working = 'prepareModules' | 'commitModules' | 'completeModules' | 'soakModules'

/** The terminal record that an effect stands for. */
export const concludedOf = ({ type, params, context }: Effect): readonly Concluded[] =>
  type === 'conclude' ? [{ epoch: context.epoch, trigger: context.trigger, outcome: params.outcome as Outcome }] : []

/** A reload machine whose actors are played by the test, one answer at a time. */
export const tellReload = ({ soaks = false } = {}) => {
  let snapshot: AnyMachineSnapshot
  const concluded: Concluded[] = []
  const asked: Asked[] = []
  let broken = 0

  const take = (step: Step) => {
    snapshot = step.snapshot
    concluded.push(...step.effects.flatMap(concludedOf))
    for (const { type, params } of step.effects) {
      if (type === 'xstate.spawnChild') asked.push({ src: String(params.src), input: params.input })
      if (type === 'reportBroken') broken++
    }
    return story
  }
  const send = (event: ReloadEvent | AnyEventObject) => take(stepper.step(snapshot, event))
  const answer = (actor: string, output: unknown) => send(answerOf(snapshot, actor, output))
  const stepOf =
    (actor: Working) =>
    (kind: 'done' | 'failed' = 'done') =>
      answer(actor, { kind })

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
    /** Every terminal record so far, as `epoch outcome`. */
    get records() {
      return concluded.map(({ epoch, outcome }) => `${epoch} ${outcome}`)
    },
    concluded,
    /** Every actor that was invoked, with its input. */
    asked,
    get broken() {
      return broken
    },
    /** The input of the last call of an actor. */
    inputOf: (actor: string) => asked.filter(({ src }) => src === actor).at(-1)?.input,
    send,
    change: (order: number, more: Partial<Candidate> = {}) => send(changed({ revision: revision(order), ...more })),
    requestReload: () => send({ type: 'reload.requested' }),
    requestClose: () => send({ type: 'close.requested' }),
    settleModule: () => send({ type: 'module.settled' }),
    elapseBackoff: () => send(elapseOf(snapshot, 'repairBackoff')),
    breakActor: (actor: string) => send(breakOf(snapshot, actor)),
    read: (order: number | 'failed', more: Partial<Candidate> = {}) =>
      answer(
        'readDocument',
        order === 'failed' ? { kind: 'failed' } : { kind: 'found', candidate: { revision: revision(order), ...more } },
      ),
    validate: (kind: 'valid' | 'unchanged' | 'invalid' = 'valid', compensates = false) =>
      answer('validateDocument', kind === 'valid' ? { kind, compensates } : { kind }),
    prepare: stepOf('prepareModules'),
    commit: stepOf('commitModules'),
    complete: stepOf('completeModules'),
    soak: stepOf('soakModules'),
    rollBack: (degraded: readonly string[] = [], isUntried = false) =>
      answer('rollBackModules', { kind: 'done', degraded, isUntried }),
    finishClosing: () => answer('closeModules', undefined),
    /** A whole good transaction, from a change to a commit that holds. */
    serve: (order: number) => {
      story.change(order).validate().prepare().commit()
      if (soaks) story.soak()
      return story
    },
    /** A transaction that leaves these modules degraded. */
    degrade: (order: number, modules: readonly string[] = ['db']) =>
      story.change(order).validate().prepare('failed').rollBack(modules),
  }
  return take(stepper.initial({ soaks }))
}

export type ReloadStory = ReturnType<typeof tellReload>
