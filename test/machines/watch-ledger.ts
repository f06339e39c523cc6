import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { comesAfter, demand, foreignIn, goesBack } from './reload-ledger.ts'
import type { Move } from './walk/explore.ts'
import { tookOf } from './walk/instrument.ts'
import { armedIn, runningIn, type Step, stateOf } from './walk/stepper.ts'
import { deliveredOf } from './watch-story.ts'
import { contextOf } from './watch-moves.ts'

const candidateIn = ({ event }: Move): Candidate | undefined =>
  event.type === 'watch.reported' ? event.candidate : (event.output as { candidate?: Candidate } | undefined)?.candidate

/** What an observer of the watch machine writes down by its own rules, to hold the machine to them at every step. */
export const keepWatchLedger = () => {
  /** Something was announced that only a read which begins later can tell. */
  let isReadOwed = false
  let delivered = 0

  const keepReads = (before: AnyMachineSnapshot, move: Move, { snapshot, effects }: Step) => {
    const begins = effects.some(({ type, params }) => type === 'xstate.spawnChild' && params.src === 'readSource')
    const { seen } = contextOf(before)
    const told = candidateIn(move)?.revision
    const isForeign = move.event.type === 'watch.reported' && seen !== undefined && told?.lineage !== seen.lineage
    const isAnnounced = move.event.type === 'watch.opened' || move.event.type === 'watch.changed' || isForeign
    isReadOwed = !begins && (isReadOwed || isAnnounced)
    demand(stateOf(snapshot) !== 'following.watching' || !isReadOwed, 'a read is owed and it only watches')
    demand(!begins || runningIn(snapshot).has('readSource'), 'a read was begun and left')
  }

  const keepDeliveries = (before: AnyMachineSnapshot, move: Move, { snapshot, effects }: Step) => {
    const { seen } = contextOf(before)
    const told = candidateIn(move)
    const handed = effects.flatMap(deliveredOf)
    delivered += handed.length
    demand(handed.length <= 1 && (handed.length === 0 || handed[0] === told), 'what was delivered is not what came')
    if (told === undefined || snapshot.status !== 'active') return
    const isRead = move.event.type !== 'watch.reported'
    const isOfLineage = seen === undefined || told.revision.lineage === seen.lineage
    const isDue = isRead || (isOfLineage && comesAfter(told.revision, seen))
    demand(isDue === (handed.length === 1), isDue ? 'a document was lost' : 'a document was delivered that may not be')
    demand(!goesBack(contextOf(snapshot).seen, seen), 'what was seen went back')
    if (isDue) demand(!comesAfter(told.revision, contextOf(snapshot).seen), 'what was delivered was not noted as seen')
  }

  const keepAttempts = (before: AnyMachineSnapshot, { event }: Move, { snapshot }: Step) => {
    const was = contextOf(before)
    const is = contextOf(snapshot)
    const [from, to] = [stateOf(before), stateOf(snapshot)]
    const isVerified = from === 'following.re-reading' && to === 'following.watching'
    const hasFailed = to === 'backing-off' && from !== 'backing-off'
    const isSteady = event.type.includes('steadyAfter') && was.cause === undefined
    const expected = isSteady ? 0 : was.attempts + (hasFailed ? 1 : 0)
    demand(is.attempts === expected, `attempts went from ${was.attempts} to ${is.attempts} into ${to}`)
    demand(
      (is.cause === undefined) === (isVerified || (was.cause === undefined && !hasFailed && to !== 'compacted')),
      'cause',
    )
    demand(is.compactions <= 1, `${is.compactions} compactions in a row were not backed off`)
  }

  return {
    keep: (before: AnyMachineSnapshot, move: Move, step: Step) => {
      const { snapshot, effects } = step
      demand(tookOf(effects).length > 0, 'the event was not answered')
      const goesOn = runningIn(snapshot).has('readSource') || armedIn(snapshot).size > 0
      demand(snapshot.status === 'done' || goesOn, 'it is stuck: it neither reads nor waits for a time')
      if (snapshot.status === 'done') return
      keepReads(before, move, step)
      keepDeliveries(before, move, step)
      keepAttempts(before, move, step)
      const context = contextOf(snapshot)
      const foreign = context === before.context ? undefined : foreignIn({ ...context, cause: undefined })
      demand(foreign === undefined, `the context holds ${String(foreign)}`)
      demand(Object.keys(context).length === 5, 'the context has grown')
    },
    restart: () => {
      isReadOwed = false
    },
    summary: () => ({ delivered }),
  }
}
