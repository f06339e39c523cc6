import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { tookOf } from './walk/instrument.ts'
import { comesAfter, demand, foreignValueIn, goesBack, type Ledger } from './walk/ledger.ts'
import type { Move } from './walk/moves.ts'
import { armedIn, callOf, runningIn, type Step, stateOf } from './walk/stepper.ts'
import { deliveryOf } from './watch-story.ts'
import { contextOf } from './watch-moves.ts'

const candidateIn = ({ event }: Move): Candidate | undefined =>
  event.type === 'watch.reported' ? event.candidate : (event.output as { candidate?: Candidate } | undefined)?.candidate

interface WatchLedger extends Ledger {
  /** Returns the number of documents delivered. */
  readonly summary: () => { readonly delivered: number }
}

/** Checks the reads, the deliveries and the back-off of the watch machine at every step. */
export const createWatchLedger = (): WatchLedger => {
  /** True if something was announced that only a later read can show. */
  let isReadDue = false
  let delivered = 0

  const checkReads = (before: AnyMachineSnapshot, move: Move, { snapshot, effects }: Step) => {
    const hasBegun = effects.some((effect) => callOf(effect)?.src === 'readSource')
    const { seen } = contextOf(before)
    const reported = candidateIn(move)?.revision
    const isForeign = move.event.type === 'watch.reported' && seen !== undefined && reported?.lineage !== seen.lineage
    const isAnnounced = move.event.type === 'watch.opened' || move.event.type === 'watch.changed' || isForeign
    isReadDue = !hasBegun && (isReadDue || isAnnounced)
    demand(stateOf(snapshot) !== 'following.watching' || !isReadDue, 'a read is due, but the machine only watches')
    demand(!hasBegun || runningIn(snapshot).has('readSource'), 'a read was begun and abandoned')
  }

  const checkDeliveries = (before: AnyMachineSnapshot, move: Move, { snapshot, effects }: Step) => {
    const { seen } = contextOf(before)
    const received = candidateIn(move)
    const passedOn = effects.flatMap(deliveryOf)
    delivered += passedOn.length
    demand(
      passedOn.length <= 1 && (passedOn.length === 0 || passedOn[0] === received),
      'the document delivered is not the one received',
    )
    if (received === undefined || snapshot.status !== 'active') return
    const isRead = move.event.type !== 'watch.reported'
    const isOfLineage = seen === undefined || received.revision.lineage === seen.lineage
    const isDue = isRead || (isOfLineage && comesAfter(received.revision, seen))
    demand(
      isDue === (passedOn.length === 1),
      isDue ? 'a document was lost' : 'a document was delivered that must not be',
    )
    demand(!goesBack(contextOf(snapshot).seen, seen), 'the revision seen went back')
    if (isDue)
      demand(!comesAfter(received.revision, contextOf(snapshot).seen), 'the document delivered was not noted as seen')
  }

  const checkAttempts = (before: AnyMachineSnapshot, { event }: Move, { snapshot }: Step) => {
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
      'the cause does not match the state',
    )
    demand(is.compactions <= 1, `${is.compactions} consecutive compactions were not followed by a back-off`)
  }

  return {
    check: (before, move, step) => {
      const { snapshot, effects } = step
      demand(tookOf(effects).length > 0, 'the event was not answered')
      const isActive = runningIn(snapshot).has('readSource') || armedIn(snapshot).size > 0
      demand(snapshot.status === 'done' || isActive, 'it is stuck: no read runs and no timer is armed')
      if (snapshot.status === 'done') return
      checkReads(before, move, step)
      checkDeliveries(before, move, step)
      checkAttempts(before, move, step)
      const context = contextOf(snapshot)
      const foreign = context === before.context ? undefined : foreignValueIn({ ...context, cause: undefined })
      demand(foreign === undefined, `the context holds ${String(foreign)}`)
      demand(Object.keys(context).length === 5, 'the context has grown')
    },
    restart: () => {
      isReadDue = false
    },
    summary: () => ({ delivered }),
  }
}
