import type { Candidate } from '../../src/model/candidate.ts'
import {
  type ReloadContext,
  type ReloadEvent,
  type ReloadInput,
  reloadMachine,
  type StepVerdict,
  type Untried,
} from '../../machines/index.ts'
import type { Outcome, Trigger } from '../../src/model/record.ts'
import { changed } from './reload-moves.ts'
import { revision } from './walk/moves.ts'
import { createStepper, type Effect } from './walk/stepper.ts'
import { MachineStory } from './walk/story.ts'

const stepper = createStepper(reloadMachine)

/** The terminal record of a transaction. */
export interface Finished {
  readonly epoch: number
  readonly trigger: Trigger
  readonly outcome: Outcome
}

/** Returns the terminal record that an effect writes, if it does. */
export const finishedOf = ({ type, params, context }: Effect): readonly Finished[] =>
  type === 'finishTransaction'
    ? [{ epoch: context.epoch, trigger: context.trigger, outcome: params.outcome as Outcome }]
    : []

type StepKind = StepVerdict['kind']

export class ReloadStory extends MachineStory<ReloadContext, ReloadEvent> {
  #compensates = false

  get finished(): readonly Finished[] {
    return this.effects.flatMap(finishedOf)
  }

  /** Every terminal record so far, as `epoch outcome`. */
  get records(): readonly string[] {
    return this.finished.map(({ epoch, outcome }) => `${epoch} ${outcome}`)
  }

  /** Counts the reports of a confirmation that did not arrive in time. */
  get unconfirmed(): number {
    return this.countOf('reportUnconfirmed')
  }

  change(order: number, more: Partial<Candidate> = {}): this {
    return this.send(changed({ revision: revision(order), ...more }))
  }

  requestReload(): this {
    return this.send({ type: 'reload.requested' })
  }

  requestRetry(): this {
    return this.send({ type: 'retry.requested' })
  }

  expireQuarantine(): this {
    return this.send({ type: 'quarantine.expired' })
  }

  requestRestore(order = 0): this {
    return this.send({ type: 'restore.requested', candidate: { revision: revision(order) } })
  }

  requestRevert(order = 0): this {
    return this.send({ type: 'revert.requested', candidate: { revision: revision(order) } })
  }

  changeSecret(): this {
    return this.send({ type: 'secret.changed' })
  }

  offerTrial(): this {
    return this.send({ type: 'trial.offered', candidate: { revision: revision(1, 'trial') } })
  }

  endTrial(how: 'ended' | 'promoted'): this {
    return this.send({ type: `trial.${how}` })
  }

  settleModule(): this {
    return this.send({ type: 'module.settled' })
  }

  freeze(): this {
    return this.send({ type: 'freeze.requested' })
  }

  confirm(): this {
    return this.send({ type: 'confirm.given' })
  }

  read(order: number | 'failed', lineage?: string): this {
    const found = order !== 'failed' && { kind: 'found', candidate: { revision: revision(order, lineage) } }
    return this.answer('readDocument', found || { kind: 'failed' })
  }

  /** @param compensates says that compensating modules follow the commit */
  validate(kind: 'valid' | 'unchanged' | 'invalid' = 'valid', compensates = false): this {
    this.#compensates = compensates
    return this.answer('validateDocument', { kind })
  }

  /** Validates a document that is not known to be good. */
  validateAttempt(): this {
    return this.answer('validateDocument', { kind: 'valid', isAttempt: true })
  }

  quarantine(): this {
    return this.answer('validateDocument', { kind: 'invalid', isQuarantined: true })
  }

  journal(kind: StepKind = 'done'): this {
    return this.answer('journalAttempt', { kind })
  }

  prepare(kind: StepKind = 'done'): this {
    return this.answer('prepareModules', { kind })
  }

  commit(kind: StepKind = 'done'): this {
    return this.answer('commitModules', { kind, compensates: this.#compensates })
  }

  complete(kind: StepKind = 'done'): this {
    return this.answer('completeModules', { kind })
  }

  soak(kind: StepKind = 'done'): this {
    return this.answer('soakModules', { kind })
  }

  failCheck(): this {
    return this.answer('checkModules', { kind: 'failed' })
  }

  promote(kind: StepKind = 'done'): this {
    return this.answer('promoteSnapshot', { kind })
  }

  rollBack(degraded: readonly string[] = [], untried?: Untried['until']): this {
    return this.answer('rollBackModules', { kind: 'done', degraded, ...(untried && { untried }) })
  }

  finishClosing(): this {
    return this.answer('closeModules', undefined)
  }

  /** Plays a whole transaction that commits. */
  serve(order: number): this {
    this.change(order).validate().prepare().commit()
    if (this.context.soaks) this.soak()
    if (this.state === 'applying.confirming') this.confirm()
    if (this.context.persists) this.promote()
    return this
  }

  /** Plays a transaction that leaves these modules degraded. */
  degrade(order: number, modules: readonly string[] = ['db']): this {
    return this.change(order).validate().prepare('failed').rollBack(modules)
  }
}

export const startReload = (input: Partial<ReloadInput> = {}): ReloadStory =>
  new ReloadStory(stepper, { soaks: false, confirms: false, persists: false, ...input })
