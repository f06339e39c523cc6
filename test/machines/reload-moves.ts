import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadContext, ReloadEvent } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import { answerMove, breakMoves, documentsAround, type Move, otherLineage, revision, timerMoves } from './walk/moves.ts'
import { runningIn, stateOf } from './walk/stepper.ts'

export const contextOf = ({ context }: AnyMachineSnapshot) => context as ReloadContext

export const changed = (candidate: Candidate): ReloadEvent => ({ type: 'source.changed', candidate })

/** Lists every kind of document that the admission machine may deliver, relative to what the machine has seen. */
const documents = (seen: Revision): readonly (readonly [string, Candidate])[] => [
  ...documentsAround(seen),
  ['the last known good again', { revision: revision(seen.order + 1, seen.lineage), isLastKnownGood: true }],
  ['a newer document that would be rejected', { revision: revision(seen.order + 1, seen.lineage), cannotServe: true }],
  ['a newer document, after a freeze', { revision: revision(seen.order + 1, seen.lineage), isRepeated: true }],
  ['the same document, after a freeze', { revision: seen, isRepeated: true }],
  [
    'the same document at an earlier order, after a freeze',
    { revision: { ...seen, order: seen.order - 1 }, isRepeated: true },
  ],
  ['an older document, after a freeze', { revision: revision(seen.order - 1, seen.lineage), isRepeated: true }],
  ['a document of another lineage, after a freeze', { revision: revision(1, otherLineage(seen)), isRepeated: true }],
]

/** An earlier good document, older than everything that the source delivers. */
export const earlier: Candidate = { revision: revision(0) }

const confirmation: Move = { title: 'a confirmation arrives', event: { type: 'confirm.given' } }

/** A document that the source does not hold. */
const trial: Candidate = { revision: revision(1, 'trial', 'trial') }

const promotion: Move = { title: 'a trial is promoted', event: { type: 'trial.promoted' } }

export const closeMove: Move = { title: 'a close is requested', event: { type: 'close.requested' } }

/** Lists what may arrive at any time. */
export const reloadEvents = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  ...documents(contextOf(snapshot).seen ?? revision(1)).map(([title, candidate]) => ({
    title,
    event: changed(candidate),
  })),
  { title: 'a reload is requested', event: { type: 'reload.requested' } },
  { title: 'an abandoned apply settles', event: { type: 'module.settled' } },
  { title: 'a retry is requested', event: { type: 'retry.requested' } },
  { title: 'a quarantine expires', event: { type: 'quarantine.expired' } },
  { title: 'a secret changes', event: { type: 'secret.changed' } },
  { title: 'a restore is requested', event: { type: 'restore.requested', candidate: earlier } },
  { title: 'a revert is requested', event: { type: 'revert.requested', candidate: earlier } },
  { title: 'changes are frozen', event: { type: 'freeze.requested' } },
  { title: 'a trial is offered', event: { type: 'trial.offered', candidate: trial } },
  { title: 'a trial ends', event: { type: 'trial.ended' } },
  promotion,
  confirmation,
  closeMove,
]

/** Lists what a read may find: it may miss everything since it began, and may find more than was delivered. */
const readResults = (begun: Revision | undefined, seen: Revision | undefined): Readonly<Record<string, unknown>> => {
  const found = (found: Revision) => ({ kind: 'found', candidate: { revision: found } })
  const failed = { kind: 'failed' }
  if (seen === undefined) return { 'a first document': found(revision(1)), failed }
  return {
    'a newer document': found(revision(seen.order + 1, seen.lineage)),
    'the known document': found(seen),
    ...(begun && { 'the document that was known when it began': found(begun) }),
    'a document of another lineage': found(revision(1, otherLineage(seen))),
    failed,
  }
}

/** Returns what the machine had seen when the running read began. */
export const seenByRead = (snapshot: AnyMachineSnapshot): Revision | undefined => {
  const id = runningIn(snapshot).get('readDocument')
  const child = id === undefined ? undefined : snapshot.children[id]
  return (child?.getSnapshot() as { input?: { seen?: Revision } } | undefined)?.input?.seen
}

const answersOf = (actor: string, snapshot: AnyMachineSnapshot): Readonly<Record<string, unknown>> => {
  const { seen, degraded, soakFailed } = contextOf(snapshot)
  switch (actor) {
    case 'readDocument':
      return readResults(seenByRead(snapshot), seen)
    case 'validateDocument': {
      const verdicts = {
        valid: { kind: 'valid' },
        'valid, and not known to be good': { kind: 'valid', isAttempt: true },
        invalid: { kind: 'invalid' },
        quarantined: { kind: 'invalid', isQuarantined: true },
      }
      // While something is degraded, a plan is never unchanged: there is something to repair.
      return degraded.length > 0 || soakFailed ? verdicts : { ...verdicts, unchanged: { kind: 'unchanged' } }
    }
    case 'rollBackModules':
      return {
        done: { kind: 'done', degraded: [] },
        'done except for one module': { kind: 'done', degraded: ['db'] },
        'done, with a busy module': { kind: 'done', degraded: [], untried: 'settled' },
        'done, with a quarantined document': { kind: 'done', degraded: [], untried: 'released' },
        'done except for one module, with a busy module': { kind: 'done', degraded: ['db'], untried: 'settled' },
        'done except for one module, with a quarantined document': {
          kind: 'done',
          degraded: ['db'],
          untried: 'released',
        },
      }
    case 'commitModules':
      return {
        done: { kind: 'done' },
        'done, with a compensating module': { kind: 'done', compensates: true },
        failed: { kind: 'failed' },
      }
    case 'checkModules':
      return { failed: { kind: 'failed' } }
    case 'closeModules':
      return { done: undefined }
    default:
      return { done: { kind: 'done' }, failed: { kind: 'failed' } }
  }
}

/** Lists what the running actors may answer, and the timers that are armed. */
export const reloadAnswers = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  ...[...runningIn(snapshot).keys()].flatMap((actor) =>
    Object.entries(answersOf(actor, snapshot)).map(([verdict, output]) => answerMove(snapshot, actor, verdict, output)),
  ),
  ...breakMoves(snapshot),
  ...timerMoves(snapshot),
]

/** Returns the next move with which all goes well; undefined at rest. */
export const goodReloadMove = (snapshot: AnyMachineSnapshot): Move | undefined => {
  if (snapshot.status === 'done') return undefined
  if (stateOf(snapshot) === 'applying.confirming') return confirmation
  if (stateOf(snapshot) === 'applying.trying') return promotion
  const good = reloadAnswers(snapshot).find(({ event }) => event.type.startsWith('xstate.done.actor'))
  return good ?? (stateOf(snapshot) === 'resting.degraded' ? reloadAnswers(snapshot)[0] : undefined)
}
