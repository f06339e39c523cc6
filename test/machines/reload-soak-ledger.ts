import type { AnyMachineSnapshot } from 'xstate'
import { contextOf } from './reload-moves.ts'
import { finishedOf } from './reload-story.ts'
import { demand, type Ledger } from './walk/ledger.ts'
import type { Move } from './walk/moves.ts'
import { callOf, type Step, stateOf } from './walk/stepper.ts'

/** The facts noted about the running transaction. */
interface TransactionNotes {
  readonly epoch: number
  readonly called: Set<string>
  /** The document that was confirmed. */
  confirmed: string | undefined
  isExpired: boolean
  isFrozen: boolean
}

const newNotes = (epoch: number): TransactionNotes => ({
  epoch,
  called: new Set(),
  confirmed: undefined,
  isExpired: false,
  isFrozen: false,
})

/**
 * Checks how the reload machine accepts a config: what is journaled first, what must be confirmed, what becomes the last
 * known good, and what a freeze stops.
 */
export const createSoakLedger = (): Ledger => {
  let notes = newNotes(0)

  const noteEvent = (before: AnyMachineSnapshot, { event }: Move) => {
    const state = stateOf(before)
    const { candidate, trigger } = contextOf(before)
    const isTrialPromoted = event.type === 'trial.promoted' && trigger === 'trial' && !state.startsWith('resting')
    if (isTrialPromoted) notes.confirmed = candidate?.revision.name
    if (event.type === 'confirm.given' && state.startsWith('applying.')) notes.confirmed = candidate?.revision.name
    if (event.type === 'freeze.requested' && isBeforeCommit(state)) notes.isFrozen = true
    if (event.type.includes('confirmDeadline')) notes.isExpired = true
  }

  const checkCalls = ({ snapshot, effects }: Step) => {
    const { epoch } = contextOf(snapshot)
    for (const { src, input: given } of effects.flatMap((effect) => callOf(effect) ?? [])) {
      const input = given as { epoch: number }
      if (input.epoch !== notes.epoch) notes = newNotes(input.epoch)
      notes.called.add(src)
      const isLate = src === 'journalAttempt' && notes.called.has('prepareModules')
      demand(!isLate, `${epoch} was journaled after its first module had been called`)
    }
  }

  const checkEnd = (before: AnyMachineSnapshot, { effects }: Step) => {
    for (const { epoch, trigger, outcome } of effects.flatMap(finishedOf)) {
      const { candidate, confirms, persists, hasServed } = contextOf(before)
      const isGood = trigger === 'restore' || trigger === 'revert'
      const isCommitted = outcome === 'committed'
      const { called, confirmed, isExpired, isFrozen } = notes
      demand(epoch === notes.epoch, `${epoch} ended while ${notes.epoch} was running`)
      const isChange = !isGood && candidate !== undefined
      const isAsked = trigger === 'trial' || (confirms && hasServed)
      const isUnconfirmed = isAsked && isChange && confirmed !== candidate.revision.name
      demand(
        !(isCommitted && isUnconfirmed),
        `${epoch} committed although ${candidate?.revision.name} was not confirmed`,
      )
      demand(!(isCommitted && isExpired), `${epoch} committed although its confirmation deadline had passed`)
      demand(!(isFrozen && isChange && called.has('commitModules')), `${epoch} committed while changes were frozen`)
      const isPromoted = called.has('promoteSnapshot')
      demand(!isPromoted || isCommitted, `${epoch} was promoted but ended as ${outcome}`)
      if (isCommitted)
        demand(isPromoted === (persists && trigger !== 'restore'), `${epoch} was promoted: ${isPromoted}`)
      if (isGood) demand(!called.has('checkModules'), `${epoch}, a ${trigger}, waited for a confirmation`)
      if (trigger !== 'restore') continue
      demand(!called.has('soakModules'), `${epoch}, a restore, was soaked`)
      demand(outcome !== 'superseded', `${epoch}, a restore, was superseded`)
      demand(
        outcome !== 'aborted' || contextOf(before).waiting.close || isClosing(effects),
        `${epoch}, a restore, was aborted`,
      )
    }
  }

  return {
    check: (before, move, step) => {
      noteEvent(before, move)
      checkEnd(before, step)
      checkCalls(step)
    },
    restart: () => {
      notes = newNotes(0)
    },
  }
}

const isBeforeCommit = (state: string): boolean =>
  /^(fetching|validating|applying\.(journaling|preparing))$/.test(state)

const isClosing = (effects: Step['effects']): boolean =>
  effects.some((effect) => callOf(effect)?.src === 'closeModules')
