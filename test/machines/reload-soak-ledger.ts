import type { AnyMachineSnapshot } from 'xstate'
import { demand } from './reload-ledger.ts'
import { contextOf } from './reload-moves.ts'
import { concludedOf } from './reload-story.ts'
import type { Move } from './walk/explore.ts'
import { type Step, stateOf } from './walk/stepper.ts'

/** What happened to the running transaction. */
interface Course {
  readonly epoch: number
  readonly called: Set<string>
  /** The document that somebody said yes to. */
  confirmed: string | undefined
  isExpired: boolean
  isFrozen: boolean
}

const newCourse = (epoch: number): Course => ({
  epoch,
  called: new Set(),
  confirmed: undefined,
  isExpired: false,
  isFrozen: false,
})

/**
 * Holds the reload machine to its promises of how a document proves itself: what is noted before, who has to say yes,
 * what becomes the last known good, and what a freeze still lets through.
 */
export const keepProofLedger = () => {
  let course = newCourse(0)

  const keepHappening = (before: AnyMachineSnapshot, { event }: Move) => {
    const state = stateOf(before)
    const { candidate } = contextOf(before)
    if (event.type === 'confirm.given' && state.startsWith('applying.')) course.confirmed = candidate?.revision.name
    if (event.type === 'freeze.requested' && isBeforeTick(state)) course.isFrozen = true
    if (event.type.includes('confirmDeadline')) course.isExpired = true
  }

  const keepCalls = ({ snapshot, effects }: Step) => {
    const { epoch } = contextOf(snapshot)
    for (const { type, params } of effects) {
      if (type !== 'xstate.spawnChild') continue
      const src = String(params.src)
      const input = params.input as { epoch: number }
      if (input.epoch !== course.epoch) course = newCourse(input.epoch)
      course.called.add(src)
      const isLate = src === 'journalAttempt' && course.called.has('prepareModules')
      demand(!isLate, `${epoch} was noted after its first module had been called`)
    }
  }

  const keepEnd = (before: AnyMachineSnapshot, { effects }: Step) => {
    for (const { epoch, trigger, outcome } of effects.flatMap(concludedOf)) {
      const { candidate, confirms, persists, hasServed } = contextOf(before)
      const isGood = trigger === 'restore' || trigger === 'revert'
      const isHeld = outcome === 'committed'
      const { called, confirmed, isExpired, isFrozen } = course
      demand(epoch === course.epoch, `${epoch} ended, and ${course.epoch} was running`)
      const isChange = !isGood && candidate !== undefined
      const isUnsaid = confirms && hasServed && isChange && confirmed !== candidate.revision.name
      demand(!(isHeld && isUnsaid), `${epoch} holds, and nobody has said yes to ${candidate?.revision.name}`)
      demand(!(isHeld && isExpired), `${epoch} holds though its time to be confirmed was over`)
      demand(!(isFrozen && isChange && called.has('commitModules')), `${epoch} went over the tick while frozen`)
      const isPromoted = called.has('promoteSnapshot')
      demand(!isPromoted || isHeld, `${epoch} was promoted and ended ${outcome}`)
      if (isHeld) demand(isPromoted === (persists && trigger !== 'restore'), `${epoch} was promoted: ${isPromoted}`)
      if (isGood) demand(!called.has('checkModules'), `${epoch}, a ${trigger}, waited for a word`)
      if (trigger !== 'restore') continue
      demand(!called.has('soakModules'), `${epoch}, a restore, was soaked`)
      demand(outcome !== 'superseded', `${epoch}, a restore, was superseded`)
      demand(outcome !== 'aborted' || contextOf(before).waiting.close || isClosing(effects), `a restore was given up`)
    }
  }

  return {
    keep: (before: AnyMachineSnapshot, move: Move, step: Step) => {
      keepHappening(before, move)
      keepEnd(before, step)
      keepCalls(step)
    },
    restart: () => {
      course = newCourse(0)
    },
  }
}

const isBeforeTick = (state: string): boolean => /^(fetching|validating|applying\.(journaling|preparing))$/.test(state)

const isClosing = (effects: Step['effects']): boolean =>
  effects.some(({ type, params }) => type === 'xstate.spawnChild' && params.src === 'closeModules')
