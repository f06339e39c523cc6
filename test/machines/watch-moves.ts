import type { AnyMachineSnapshot } from 'xstate'
import type { WatchContext, WatchMachineEvent } from '../../machines/index.ts'
import { answerMove, breakMoves, documentsAround, type Move, timerMoves } from './walk/moves.ts'
import { armedIn, elapseOf, runningIn } from './walk/stepper.ts'

export const contextOf = ({ context }: AnyMachineSnapshot) => context as WatchContext

const move = (title: string, event: WatchMachineEvent): Move => ({ title, event })

/** Lists what a stream may report. */
export const streamMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  move('the stream opens', { type: 'watch.opened' }),
  move('the stream announces a change', { type: 'watch.changed' }),
  ...documentsAround(contextOf(snapshot).seen).map(([what, candidate]) =>
    move(`the stream delivers ${what}`, { type: 'watch.reported', candidate }),
  ),
  move('the stream breaks', { type: 'watch.broke', cause: 'source.unreachable' }),
  move('the stream breaks by a compaction', { type: 'watch.broke', cause: 'source.compacted' }),
]

export const closeMove = move('a close is requested', { type: 'close.requested' })

const readMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  ...documentsAround(contextOf(snapshot).seen).map(([what, candidate]) =>
    answerMove(snapshot, 'readSource', what, { kind: 'read', candidate }),
  ),
  answerMove(snapshot, 'readSource', 'failed', { kind: 'failed', cause: 'source.unreachable' }),
]

/** Lists what the running actors may answer, the good answer first, and the timers that are armed. */
const answerMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  ...(runningIn(snapshot).has('readSource') ? readMoves(snapshot) : []),
  ...breakMoves(snapshot),
  ...timerMoves(snapshot),
]

/** Lists everything that may happen next; a stream reports nothing before it starts or after it has ended. */
export const watchMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => {
  if (snapshot.status === 'done') return []
  const stream = runningIn(snapshot).has('watchSource') ? streamMoves(snapshot) : []
  return [...stream, closeMove, ...answerMoves(snapshot)]
}

/** Returns the next move with which all goes well; undefined once a steady watch follows the source. */
export const goodWatchMove = (snapshot: AnyMachineSnapshot): Move | undefined => {
  if (snapshot.status === 'done') return undefined
  const running = runningIn(snapshot)
  if (running.has('readSource')) return readMoves(snapshot)[0]
  if (armedIn(snapshot).has('openDeadline')) return streamMoves(snapshot)[0]
  if (!running.has('watchSource')) return answerMoves(snapshot)[0]
  const { attempts, compactions } = contextOf(snapshot)
  const isSteady = attempts === 0 && compactions === 0
  return isSteady ? undefined : { title: 'steadyAfter elapses', event: elapseOf(snapshot, 'steadyAfter') }
}
