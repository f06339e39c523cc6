import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { type ReloadEvent, reloadMachine, type Untried } from '../../machines/index.ts'
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

type Working =
  | 'journalAttempt'
  | 'prepareModules'
  | 'commitModules'
  | 'completeModules'
  | 'soakModules'
  | 'checkModules'
  | 'promoteSnapshot'

/** The terminal record that an effect stands for. */
export const concludedOf = ({ type, params, context }: Effect): readonly Concluded[] =>
  type === 'finishTransaction'
    ? [{ epoch: context.epoch, trigger: context.trigger, outcome: params.outcome as Outcome }]
    : []

/** A reload machine whose actors are played by the test, one answer at a time. */
export const tellReload = ({ soaks = false, confirms = false, persists = false } = {}) => {
  let snapshot: AnyMachineSnapshot
  const concluded: Concluded[] = []
  const asked: Asked[] = []
  let broken = 0
  let unconfirmed = 0

  const take = (step: Step) => {
    snapshot = step.snapshot
    concluded.push(...step.effects.flatMap(concludedOf))
    for (const { type, params } of step.effects) {
      if (type === 'xstate.spawnChild') asked.push({ src: String(params.src), input: params.input })
      if (type === 'reportBroken') broken++
      if (type === 'reportUnconfirmed') unconfirmed++
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
    /** How often it was reported that nobody confirmed in time. */
    get unconfirmed() {
      return unconfirmed
    },
    /** The input of the last call of an actor. */
    inputOf: (actor: string) => asked.filter(({ src }) => src === actor).at(-1)?.input,
    send,
    change: (order: number, more: Partial<Candidate> = {}) => send(changed({ revision: revision(order), ...more })),
    requestReload: () => send({ type: 'reload.requested' }),
    requestClose: () => send({ type: 'close.requested' }),
    settleModule: () => send({ type: 'module.settled' }),
    requestRetry: () => send({ type: 'retry.requested' }),
    requestRestore: (order = 0) => send({ type: 'restore.requested', candidate: { revision: revision(order) } }),
    requestRevert: (order = 0) => send({ type: 'revert.requested', candidate: { revision: revision(order) } }),
    freeze: () => send({ type: 'freeze.requested' }),
    confirm: () => send({ type: 'confirm.given' }),
    elapseBackoff: () => send(elapseOf(snapshot, 'repairBackoff')),
    elapseConfirm: () => send(elapseOf(snapshot, 'confirmDeadline')),
    breakActor: (actor: string) => send(breakOf(snapshot, actor)),
    read: (order: number | 'failed', more: Partial<Candidate> = {}) =>
      answer(
        'readDocument',
        order === 'failed' ? { kind: 'failed' } : { kind: 'found', candidate: { revision: revision(order), ...more } },
      ),
    validate: (kind: 'valid' | 'unchanged' | 'invalid' = 'valid', compensates = false) =>
      answer('validateDocument', kind === 'valid' ? { kind, compensates } : { kind }),
    /** A valid document that has yet to prove itself. */
    validateAttempt: () => answer('validateDocument', { kind: 'valid', compensates: false, isAttempt: true }),
    quarantine: () => answer('validateDocument', { kind: 'invalid', isQuarantined: true }),
    note: stepOf('journalAttempt'),
    prepare: stepOf('prepareModules'),
    commit: stepOf('commitModules'),
    complete: stepOf('completeModules'),
    soak: stepOf('soakModules'),
    check: stepOf('checkModules'),
    promote: stepOf('promoteSnapshot'),
    rollBack: (degraded: readonly string[] = [], untried?: Untried['until']) =>
      answer('rollBackModules', { kind: 'done', degraded, ...(untried && { untried }) }),
    finishClosing: () => answer('closeModules', undefined),
    /** A whole good transaction, from a change to a commit that holds. */
    serve: (order: number) => {
      story.change(order).validate().prepare().commit()
      if (soaks) story.soak()
      if (story.state === 'applying.confirming') story.confirm()
      if (persists) story.promote()
      return story
    },
    /** A transaction that leaves these modules degraded. */
    degrade: (order: number, modules: readonly string[] = ['db']) =>
      story.change(order).validate().prepare('failed').rollBack(modules),
  }
  return take(stepper.initial({ soaks, confirms, persists }))
}

export type ReloadStory = ReturnType<typeof tellReload>
