import { describe, expect, it } from 'vitest'
import type { AnyMachineSnapshot } from 'xstate'
import { type ReloadContext, reloadMachine } from '../../machines/index.ts'
import { contextOf, goodReloadMove, reloadAnswers, reloadEvents, seenByRead } from './reload-moves.ts'
import { stateOf } from './walk/stepper.ts'
import { followGoodMoves, pathTitle, testWalk, walkAll } from './walk/walk-suite.ts'

/** Returns the queued item that runs first. */
const projectQueue = ({ waiting: { close, revert, read, candidate, secret, trial } }: ReloadContext) => {
  if (close) return 'close'
  if (revert !== undefined) return 'revert'
  if (candidate?.isLastKnownGood === true) return 'last known good'
  if (candidate?.cannotServe === true) return read ? 'read, rejected' : 'rejected'
  if (read) return 'read'
  if (candidate !== undefined) return true
  return secret ? 'secret' : trial !== undefined && 'trial'
}

/** Returns the kind of transaction, which decides what may be done to it and with it. */
const projectKind = ({ trigger, candidate }: ReloadContext) =>
  trigger === 'restore' || trigger === 'revert' || trigger === 'trial' ? trigger : candidate !== undefined

/**
 * Everything that a later decision depends on, each item only in the states where it matters: the product of all items
 * is too large to walk, and is left to the random walk. Revisions, epochs and counts of repairs make no difference.
 */
const project = (snapshot: AnyMachineSnapshot) => {
  const context = contextOf(snapshot)
  const { soaks, confirms, persists, hasServed, soakFailed, seen, degraded, untried } = context
  const state = stateOf(snapshot)
  if (state === 'closing' || state === 'closed') return [state, context.waiting.close]
  return [
    state,
    [soaks, context.supersedesSoak, confirms, persists, hasServed, soakFailed, seen !== undefined, degraded.length > 0],
    projectQueue(context),
    untried?.until,
    /^fetching|^rolling-back/.test(state) && context.due,
    state === 'fetching' && seenByRead(snapshot)?.name !== seen?.name,
    !/^resting|^fetching/.test(state) && projectKind(context),
    /^validating|journaling$|preparing$/.test(state) && context.supersededEpoch === context.epoch - 1,
    /^validating|journaling$/.test(state) && context.candidate && context.replacements,
    state === 'validating' && degraded.length > 0 && context.trigger === 'reload',
    state.startsWith('applying') && (confirms || context.trigger === 'trial') && context.isConfirmed,
    state.startsWith('applying') && context.isWithdrawn,
    state === 'rolling-back' && [context.ending, context.frozenMeanwhile, context.supersededEpoch === context.epoch],
  ]
}

const walk = walkAll(reloadMachine, {
  inputs: [
    { soaks: true, confirms: true, persists: false, supersedesSoak: true },
    { soaks: false, confirms: true, persists: true },
    { soaks: true, confirms: false, persists: true },
  ],
  moves: (snapshot) => (snapshot.status === 'done' ? [] : [...reloadEvents(snapshot), ...reloadAnswers(snapshot)]),
  project,
  limit: 40_000,
})

describe('The reload machine, walked', () => {
  testWalk(walk)

  it('answers every event in every situation, except a confirmation that is not due and a late restore', () => {
    expect(walk.unanswered).not.toContain('applying.confirming: a confirmation arrives')
    const isExpected = (text: string) => /: (a confirmation arrives|a restore is requested)$/.test(text)
    expect(walk.unanswered.filter((text) => !isExpected(text))).toEqual([])
  })

  it('comes to rest from every situation when all goes well, with nothing queued and nothing degraded', () => {
    const rest = ['resting.idle', 'resting.committed', 'resting.rejected', 'resting.rolled-back']
    const restless = walk.reached.filter(({ snapshot }) => {
      const healed = followGoodMoves(walk, snapshot, goodReloadMove, 30)
      const { waiting, degraded, soakFailed } = contextOf(healed)
      const isWhole =
        waiting.candidate === undefined && !waiting.read && !waiting.secret && degraded.length === 0 && !soakFailed
      return stateOf(healed) !== 'closed' && !(rest.includes(stateOf(healed)) && isWhole)
    })
    expect(restless.map(pathTitle)).toEqual([])
  }, 180_000)
})
