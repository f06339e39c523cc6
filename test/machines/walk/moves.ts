import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../../src/model/candidate.ts'
import type { Revision } from '../../../src/model/revision.ts'
import { answerOf, armedIn, breakOf, elapseOf, runningIn } from './stepper.ts'

/** One event that may happen next, with a description. */
export interface Move {
  readonly title: string
  readonly event: AnyEventObject
}

export const revision = (order: number, lineage = 'a', name = `${lineage}${order}`): Revision => ({
  lineage,
  order,
  name,
})

export const otherLineage = ({ lineage }: Revision): string => (lineage === 'a' ? 'b' : 'a')

/** Lists every kind of document that a source may deliver, relative to the newest known revision. */
export const documentsAround = (known: Revision = revision(1)): readonly (readonly [string, Candidate])[] => [
  ['a newer document', { revision: revision(known.order + 1, known.lineage) }],
  ['the same document at a later order', { revision: { ...known, order: known.order + 1 } }],
  ['the same document again', { revision: known }],
  ['an older document', { revision: revision(known.order - 1, known.lineage) }],
  ['a document of another lineage', { revision: revision(1, otherLineage(known)) }],
]

export const answerMove = (snapshot: AnyMachineSnapshot, actor: string, verdict: string, output: unknown): Move => ({
  title: `${actor} answers: ${verdict}`,
  event: answerOf(snapshot, actor, output),
})

/** Lists the rejections of the running actors. */
export const breakMoves = (snapshot: AnyMachineSnapshot): readonly Move[] =>
  [...runningIn(snapshot).keys()].map((actor) => ({ title: `${actor} breaks`, event: breakOf(snapshot, actor) }))

/** Lists the timers that are armed. */
export const timerMoves = (snapshot: AnyMachineSnapshot): readonly Move[] =>
  [...armedIn(snapshot).keys()].map((delay) => ({ title: `${delay} elapses`, event: elapseOf(snapshot, delay) }))
