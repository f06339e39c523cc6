import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadContext } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import { contextOf } from './reload-moves.ts'
import { concludedOf } from './reload-story.ts'
import type { Move } from './walk/explore.ts'
import { tookOf } from './walk/instrument.ts'
import { runningIn, type Step, stateOf } from './walk/stepper.ts'

/** The rule in the test's own words: what a source may tell after what it has told. */
export const comesAfter = (next: Revision, known: Revision | undefined): boolean =>
  known === undefined || next.lineage !== known.lineage || (next.order > known.order && next.name !== known.name)

export const goesBack = (next: Revision | undefined, known: Revision | undefined): boolean =>
  known !== undefined && (next === undefined || (next.lineage === known.lineage && next.order < known.order))

export const demand = (holds: boolean, what: string): void => {
  if (!holds) throw new Error(what)
}

/** Every string that a context may hold besides revisions: the machine's own words and the modules' names. */
const words = new Set([
  ...['start', 'change', 'reload', 'repair', 'restore', 'revert', 'retry'],
  ...['failed', 'superseded', 'aborted'],
  ...['settled', 'released'],
  'db',
])

/** What a context holds that is neither plain data nor a known word; undefined where there is nothing. */
export const foreignIn = (value: unknown): unknown => {
  if (typeof value === 'string') return words.has(value) || /^[ab]\d*$/.test(value) ? undefined : value
  if (typeof value !== 'object' || value === null) {
    return typeof value === 'function' || typeof value === 'symbol' ? typeof value : undefined
  }
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== Array.prototype) return 'an object with a class'
  for (const held of Object.values(value)) {
    const foreign = foreignIn(held)
    if (foreign !== undefined) return foreign
  }
  return undefined
}

/** Events that mean something in some states only, and may be missed in all others. */
const timelyEvents = new Set(['confirm.given', 'restore.requested'])

/** What was held back while changes were frozen is taken though it is the one known. */
const isTaken = ({ revision, wasFrozen }: Candidate, seen: Revision | undefined): boolean =>
  comesAfter(revision, seen) ||
  (wasFrozen === true && revision.lineage === seen?.lineage && revision.name === seen.name)

const isTriedBy = (effects: Step['effects']): boolean =>
  effects.some(({ type, params }) => type === 'xstate.spawnChild' && params.src === 'validateDocument')

/** What an observer of the reload machine writes down by its own rules, to hold the machine to them at every step. */
export const keepReloadLedger = () => {
  let running: number | undefined
  let accepted: Revision | undefined
  let tried: Candidate | undefined
  let transactions = 0
  let largest = 0

  const keepEpoch = (before: AnyMachineSnapshot, { snapshot, effects }: Step) => {
    const { epoch } = contextOf(snapshot)
    const risen = epoch - contextOf(before).epoch
    for (const { epoch: ended, outcome } of effects.flatMap(concludedOf)) {
      demand(ended === running, `${outcome} was concluded for ${ended} while ${running} was running`)
      running = undefined
      transactions++
    }
    demand(risen === 0 || risen === 1, `the epoch rose by ${risen}`)
    if (risen === 1) {
      demand(running === undefined, `${epoch} began before ${running} was concluded`)
      running = epoch
    }
    const rests = stateOf(snapshot).startsWith('resting')
    demand(!rests || running === undefined, `${running} was never concluded`)
    demand(rests || /^clos/.test(stateOf(snapshot)) === (running === undefined), 'a transaction without an end')
  }

  const keepDocuments = (before: AnyMachineSnapshot, { event }: Move, { snapshot, effects }: Step) => {
    const verdict: unknown = event.output
    if (event.type === 'freeze.requested') {
      accepted = undefined // what waits, or is given up, comes again
    } else if (event.type === 'source.changed' && isTaken(event.candidate, contextOf(before).seen)) {
      accepted = event.candidate.revision
    } else if (typeof verdict === 'object' && verdict !== null && 'candidate' in verdict) {
      const read = (verdict.candidate as Candidate).revision
      const held = contextOf(before).waiting.candidate?.revision
      const isLater = held !== undefined && held.lineage === read.lineage && comesAfter(held, read)
      accepted = isLater ? held : read
      const isForked = held !== undefined && held.lineage !== read.lineage
      demand(!isForked || contextOf(snapshot).waiting.read, 'two lineages, and no read is to come')
    }
    // Whatever was left for a busy module is kept until it is tried, or a newer document takes its place.
    const { untried } = contextOf(before)
    const name = untried?.candidate.revision.name
    const isKept = untried === undefined || name !== accepted?.name || isTriedBy(effects)
    demand(isKept || contextOf(snapshot).untried === untried, `${name} was left untried and forgotten`)
    for (const { type, params } of effects) {
      if (type !== 'xstate.spawnChild' || params.src !== 'validateDocument') continue
      const { trigger, candidate } = params.input as Pick<ReloadContext, 'trigger' | 'candidate'>
      if (trigger !== 'restore' && trigger !== 'revert') tried = candidate ?? tried
    }
    demand(!goesBack(contextOf(snapshot).seen, contextOf(before).seen), 'what was seen went back')
    if (!stateOf(snapshot).startsWith('resting')) return
    const isTried =
      accepted === undefined || (tried?.revision.lineage === accepted.lineage && tried.revision.name === accepted.name)
    demand(isTried, `${accepted?.name} was accepted and never tried; the last one tried is ${tried?.revision.name}`)
  }

  const keepContext = (before: AnyMachineSnapshot, { snapshot }: Step) => {
    const context = contextOf(snapshot)
    if (context !== before.context) {
      const text = JSON.stringify(context)
      largest = Math.max(largest, text.length)
      demand(text.length < 1_000, `the context has grown to ${text.length} characters`)
      const foreign = foreignIn(context)
      demand(foreign === undefined, `the context holds ${String(foreign)}`)
    }
    const { degraded, soakFailed, waiting, replacements, untried, due } = context
    demand(replacements <= 3, `the document was replaced ${replacements} times`)
    const state = stateOf(snapshot)
    if (!state.startsWith('resting')) return
    const isWaiting = waiting.candidate !== undefined || waiting.revert !== undefined || waiting.read || waiting.close
    demand(!isWaiting, 'it rests while something waits')
    demand(untried === undefined || untried.until !== due, 'it rests though an untried document is due')
    demand(
      (degraded.length > 0 || soakFailed) === (state === 'resting.degraded'),
      'degraded is not what the state says',
    )
  }

  return {
    keep: (before: AnyMachineSnapshot, move: Move, step: Step) => {
      const isOwed = before.status === 'active' && !timelyEvents.has(move.event.type)
      demand(!isOwed || tookOf(step.effects).length > 0, 'the event was not answered')
      const { snapshot } = step
      const works = !stateOf(snapshot).startsWith('resting') && snapshot.status === 'active'
      demand(!works || runningIn(snapshot).size > 0, 'it is stuck: nothing runs and it does not rest')
      keepEpoch(before, step)
      keepDocuments(before, move, step)
      keepContext(before, step)
    },
    /** A new machine: it has seen nothing. */
    restart: () => {
      running = undefined
      accepted = undefined
      tried = undefined
    },
    summary: () => ({ transactions, largest }),
  }
}
