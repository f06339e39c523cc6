import type { AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { AdmissionContext, AdmissionEvent } from '../../machines/index.ts'
import { revision } from './reload-moves.ts'
import type { Move } from './walk/explore.ts'
import { armedIn, elapseOf } from './walk/stepper.ts'

export const contextOf = ({ context }: AnyMachineSnapshot) => context as AdmissionContext

const move = (title: string, event: AdmissionEvent): Move => ({ title, event })

/** Every kind of document that may be told or read, seen from the newest that the machine knows. */
const documents = ({ newest }: AdmissionContext): readonly (readonly [string, Candidate])[] => {
  const { lineage, order, name } = newest?.revision ?? revision(1)
  return [
    ['a newer document', { revision: revision(order + 1, lineage) }],
    ['the same document', { revision: { lineage, order, name } }],
    ['the same document at a later order', { revision: { lineage, order: order + 1, name } }],
    ['an older document', { revision: revision(order - 1, lineage) }],
    ['a document of another lineage', { revision: revision(1, lineage === 'a' ? 'b' : 'a') }],
  ]
}

/** What may happen next: what the world does at any time, and the armed timers. */
export const admissionMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => {
  if (snapshot.status === 'done') return []
  const known = documents(contextOf(snapshot))
  return [
    ...known.map(([what, candidate]) => move(`the source tells ${what}`, { type: 'source.changed', candidate })),
    ...known.map(([what, candidate]) => move(`a reload reads ${what}`, { type: 'document.read', candidate })),
    move('changes are frozen', { type: 'freeze.requested' }),
    move('changes are let through again', { type: 'unfreeze.requested' }),
    move('a close is requested', { type: 'close.requested' }),
    ...[...armedIn(snapshot).keys()].map((delay) => ({
      title: `${delay} elapses`,
      event: elapseOf(snapshot, delay),
    })),
  ]
}
