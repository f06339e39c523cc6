import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadContext } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import { contextOf } from './reload-moves.ts'
import { finishedOf } from './reload-story.ts'
import { tookOf } from './walk/instrument.ts'
import { comesAfter, demand, foreignValueIn, goesBack, type Ledger } from './walk/ledger.ts'
import type { Move } from './walk/moves.ts'
import { callOf, runningIn, type Step, stateOf } from './walk/stepper.ts'

/** Events that matter in some states only, and may be ignored in all others. */
const stateBoundEvents = new Set(['confirm.given', 'restore.requested'])

/** After a freeze, the known document is accepted too. */
const isAccepted = ({ revision, isRepeated }: Candidate, seen: Revision | undefined): boolean =>
  comesAfter(revision, seen) ||
  (isRepeated === true && revision.lineage === seen?.lineage && revision.name === seen.name)

interface ReloadLedger extends Ledger {
  /** Returns the number of finished transactions, and the size of the largest context in characters. */
  readonly summary: () => { readonly transactions: number; readonly largest: number }
}

/** Checks the epochs, the documents and the context of the reload machine at every step. */
export const createReloadLedger = (): ReloadLedger => {
  let running: number | undefined
  let accepted: Revision | undefined
  let tried: Candidate | undefined
  let transactions = 0
  let largest = 0

  const checkEpoch = (before: AnyMachineSnapshot, { snapshot, effects }: Step) => {
    const { epoch } = contextOf(snapshot)
    const risen = epoch - contextOf(before).epoch
    for (const { epoch: ended, outcome } of effects.flatMap(finishedOf)) {
      demand(ended === running, `${ended} ended as ${outcome} while ${running} was running`)
      running = undefined
      transactions++
    }
    demand(risen === 0 || risen === 1, `the epoch rose by ${risen}`)
    if (risen === 1) {
      demand(running === undefined, `${epoch} began before ${running} had ended`)
      running = epoch
    }
    const isResting = stateOf(snapshot).startsWith('resting')
    demand(!isResting || running === undefined, `${running} never ended`)
    demand(isResting || /^clos/.test(stateOf(snapshot)) === (running === undefined), 'a transaction has no end')
  }

  const checkDocuments = (before: AnyMachineSnapshot, { event }: Move, { snapshot, effects }: Step) => {
    const verdict: unknown = event.output
    if (event.type === 'freeze.requested') {
      accepted = undefined // the unfreeze delivers it again
    } else if (event.type === 'source.changed' && isAccepted(event.candidate, contextOf(before).seen)) {
      accepted = event.candidate.revision
    } else if (typeof verdict === 'object' && verdict !== null && 'candidate' in verdict) {
      const read = (verdict.candidate as Candidate).revision
      const queued = contextOf(before).waiting.candidate?.revision
      const isLater = queued !== undefined && queued.lineage === read.lineage && comesAfter(queued, read)
      accepted = isLater ? queued : read
      const isForked = queued !== undefined && queued.lineage !== read.lineage
      demand(!isForked || contextOf(snapshot).waiting.read, 'there are two lineages, and no read is queued')
    }
    const calls = effects.flatMap((effect) => callOf(effect) ?? [])
    // An untried document is kept until it is tried, or a newer document replaces it.
    const { untried } = contextOf(before)
    const name = untried?.candidate.revision.name
    const isKept =
      untried === undefined || name !== accepted?.name || calls.some(({ src }) => src === 'validateDocument')
    demand(isKept || contextOf(snapshot).untried === untried, `${name} was left untried and forgotten`)
    for (const { input } of calls.filter(({ src }) => src === 'validateDocument')) {
      const { trigger, candidate } = input as Pick<ReloadContext, 'trigger' | 'candidate'>
      if (!/^(restore|revert|trial)$/.test(trigger)) tried = candidate ?? tried
    }
    demand(!goesBack(contextOf(snapshot).seen, contextOf(before).seen), 'the revision seen went back')
    if (!stateOf(snapshot).startsWith('resting')) return
    const isTried =
      accepted === undefined || (tried?.revision.lineage === accepted.lineage && tried.revision.name === accepted.name)
    demand(isTried, `${accepted?.name} was accepted but never tried; the last one tried is ${tried?.revision.name}`)
  }

  const checkContext = (before: AnyMachineSnapshot, { snapshot }: Step) => {
    const context = contextOf(snapshot)
    if (context !== before.context) {
      const text = JSON.stringify(context)
      largest = Math.max(largest, text.length)
      demand(text.length < 1_000, `the context has grown to ${text.length} characters`)
      const foreign = foreignValueIn(context)
      demand(foreign === undefined, `the context holds ${String(foreign)}`)
    }
    const { degraded, soakFailed, waiting, replacements, untried, due } = context
    demand(replacements <= 3, `the document was replaced ${replacements} times`)
    const state = stateOf(snapshot)
    if (!state.startsWith('resting')) return
    const { candidate, trial, revert, read, secret, close } = waiting
    const isQueued = [candidate, trial, revert].some((queued) => queued !== undefined)
    const isWaiting = isQueued || read || secret || close
    demand(!isWaiting, 'it rests while something is queued')
    demand(
      untried === undefined || (untried.until !== due && due !== 'expired'),
      'it rests although an untried document is due',
    )
    demand(
      (degraded.length > 0 || soakFailed) === (state === 'resting.degraded'),
      'the state does not match what is degraded',
    )
  }

  return {
    check: (before, move, step) => {
      const needsAnswer = before.status === 'active' && !stateBoundEvents.has(move.event.type)
      demand(!needsAnswer || tookOf(step.effects).length > 0, 'the event was not answered')
      const { snapshot } = step
      const isWorking = !stateOf(snapshot).startsWith('resting') && snapshot.status === 'active'
      demand(!isWorking || runningIn(snapshot).size > 0, 'it is stuck: no actor runs and it does not rest')
      checkEpoch(before, step)
      checkDocuments(before, move, step)
      checkContext(before, step)
    },
    restart: () => {
      running = undefined
      accepted = undefined
      tried = undefined
    },
    summary: () => ({ transactions, largest }),
  }
}
