import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { ReloadContext, ReloadEvent } from '../../machines/index.ts'
import type { Revision } from '../../src/model/revision.ts'
import type { Move } from './walk/explore.ts'
import { answerOf, armedIn, breakOf, elapseOf, runningIn, stateOf } from './walk/stepper.ts'

export const contextOf = ({ context }: AnyMachineSnapshot) => context as ReloadContext

export const revision = (order: number, lineage = 'a', name = `${lineage}${order}`): Revision => ({
  lineage,
  order,
  name,
})

export const changed = (candidate: Candidate): ReloadEvent => ({ type: 'source.changed', candidate })

const otherLineage = ({ lineage }: Revision) => (lineage === 'a' ? 'b' : 'a')

/** Every kind of document that a source can tell, seen from what the machine has seen. */
const documents = (seen: Revision): ReadonlyMap<string, Candidate> =>
  new Map<string, Candidate>([
    ['a newer document', { revision: revision(seen.order + 1, seen.lineage) }],
    ['the last known good document again', { revision: revision(seen.order + 1, seen.lineage), isLastKnownGood: true }],
    ['the same document at a later order', { revision: { ...seen, order: seen.order + 1 } }],
    ['the same document again', { revision: seen }],
    ['an older document', { revision: revision(seen.order - 1, seen.lineage) }],
    ['a document of another lineage', { revision: revision(1, otherLineage(seen)) }],
    ['the newest document, held back', { revision: revision(seen.order + 1, seen.lineage), wasFrozen: true }],
    ['the same document, held back', { revision: seen, wasFrozen: true }],
    [
      'the same document of an earlier order, held back',
      { revision: { ...seen, order: seen.order - 1 }, wasFrozen: true },
    ],
    ['an older document, held back', { revision: revision(seen.order - 1, seen.lineage), wasFrozen: true }],
    ['a document of another lineage, held back', { revision: revision(1, otherLineage(seen)), wasFrozen: true }],
  ])

/** An earlier good document: older than all that a source tells. */
export const earlier: Candidate = { revision: revision(0) }

/** What the world may do at any time. */
export const reloadEvents = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  ...[...documents(contextOf(snapshot).seen ?? revision(1))].map(([title, candidate]) => ({
    title,
    event: changed(candidate),
  })),
  { title: 'a reload is requested', event: { type: 'reload.requested' } },
  { title: 'a given-up apply settles', event: { type: 'module.settled' } },
  { title: 'a quarantine ends', event: { type: 'retry.requested' } },
  { title: 'a restore is requested', event: { type: 'restore.requested', candidate: earlier } },
  { title: 'a revert is requested', event: { type: 'revert.requested', candidate: earlier } },
  { title: 'changes are frozen', event: { type: 'freeze.requested' } },
  { title: 'somebody confirms', event: { type: 'confirm.given' } },
  { title: 'a close is requested', event: { type: 'close.requested' } },
]

const steps = { done: { kind: 'done' }, failed: { kind: 'failed' } }

/** What a read may find: all since it began may be missing in it, as it may hold more than was told. */
const readings = (begun: Revision | undefined, seen: Revision | undefined): Readonly<Record<string, unknown>> => {
  const found = (found: Revision) => ({ kind: 'found', candidate: { revision: found } })
  const failed = { kind: 'failed' }
  if (seen === undefined) return { 'a first document': found(revision(1)), 'nothing readable': failed }
  return {
    'a newer document': found(revision(seen.order + 1, seen.lineage)),
    'the document that is known': found(seen),
    ...(begun && { 'the document that was known when it began': found(begun) }),
    'a document of another lineage': found(revision(1, otherLineage(seen))),
    'nothing readable': failed,
  }
}

/** What this machine had seen when the running read began. */
export const seenByRead = (snapshot: AnyMachineSnapshot): Revision | undefined => {
  const id = runningIn(snapshot).get('readDocument')
  const child = id === undefined ? undefined : snapshot.children[id]
  return (child?.getSnapshot() as { input?: { seen?: Revision } } | undefined)?.input?.seen
}

const answersOf = (actor: string, snapshot: AnyMachineSnapshot): Readonly<Record<string, unknown>> => {
  const { seen, degraded, soakFailed } = contextOf(snapshot)
  switch (actor) {
    case 'readDocument':
      return readings(seenByRead(snapshot), seen)
    case 'validateDocument': {
      const verdicts = {
        valid: { kind: 'valid', compensates: false },
        'valid, with a compensating module': { kind: 'valid', compensates: true },
        'valid, and yet to prove itself': { kind: 'valid', compensates: true, isAttempt: true },
        invalid: { kind: 'invalid' },
        quarantined: { kind: 'invalid', isQuarantined: true },
      }
      // Never said while something is degraded: there is something to repair then.
      return degraded.length > 0 || soakFailed ? verdicts : { ...verdicts, unchanged: { kind: 'unchanged' } }
    }
    case 'rollBackModules':
      return {
        done: { kind: 'done', degraded: [] },
        'done but for one module': { kind: 'done', degraded: ['db'] },
        'done, a module was busy': { kind: 'done', degraded: [], untried: 'settled' },
        'done, the document is quarantined': { kind: 'done', degraded: [], untried: 'released' },
        'done but for one module, a module was busy': { kind: 'done', degraded: ['db'], untried: 'settled' },
        'done but for one module, the document is quarantined': { kind: 'done', degraded: ['db'], untried: 'released' },
      }
    case 'checkModules':
      return { failed: steps.failed }
    case 'closeModules':
      return { done: undefined }
    default:
      return steps
  }
}

/** What the running actors may answer, and the armed timers. */
export const reloadAnswers = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  ...[...runningIn(snapshot).keys()].flatMap((actor) => [
    ...Object.entries(answersOf(actor, snapshot)).map(([verdict, output]) => ({
      title: `${actor} answers: ${verdict}`,
      event: answerOf(snapshot, actor, output),
    })),
    { title: `${actor} breaks`, event: breakOf(snapshot, actor) },
  ]),
  ...[...armedIn(snapshot).keys()].map((delay) => ({
    title: `${delay} elapses`,
    event: elapseOf(snapshot, delay),
  })),
]

const confirmation: Move = { title: 'somebody confirms', event: { type: 'confirm.given' } }

/** The move with which all goes well; none where the machine rests. */
export const goodReloadAnswer = (snapshot: AnyMachineSnapshot): Move | undefined => {
  if (snapshot.status === 'done') return undefined
  if (stateOf(snapshot) === 'applying.confirming') return confirmation
  const good = reloadAnswers(snapshot).find(({ event }) => event.type.startsWith('xstate.done.actor'))
  return good ?? (stateOf(snapshot) === 'resting.degraded' ? reloadAnswers(snapshot)[0] : undefined)
}
