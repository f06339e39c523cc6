import type { AnyMachineSnapshot } from 'xstate'
import type { AdmissionContext, AdmissionEvent } from '../../machines/index.ts'
import { documentsAround, type Move, timerMoves } from './walk/moves.ts'

export const contextOf = ({ context }: AnyMachineSnapshot) => context as AdmissionContext

const move = (title: string, event: AdmissionEvent): Move => ({ title, event })

/** Lists everything that may happen next: what arrives at any time, and the timers that are armed. */
export const admissionMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => {
  if (snapshot.status === 'done') return []
  const { newest, passedAt = 0 } = contextOf(snapshot)
  const documents = documentsAround(newest?.revision)
  const changes = (when: string, at: number) =>
    documents.map(([what, candidate]) =>
      move(`the watch delivers ${what}${when}`, { type: 'source.changed', candidate, at }),
    )
  return [
    ...changes('', passedAt),
    ...changes(' after a rest', passedAt + 20),
    ...documents.map(([what, candidate]) => move(`a reload reads ${what}`, { type: 'document.read', candidate })),
    move('changes are frozen', { type: 'freeze.requested' }),
    move('changes are unfrozen', { type: 'unfreeze.requested' }),
    move('a close is requested', { type: 'close.requested' }),
    ...timerMoves(snapshot),
  ]
}
