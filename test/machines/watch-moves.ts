import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import type { WatchContext, WatchMachineEvent } from '../../machines/index.ts'
import { revision } from './reload-moves.ts'
import type { Move } from './walk/explore.ts'
import { answerOf, armedIn, breakOf, elapseOf, runningIn } from './walk/stepper.ts'

export const contextOf = ({ context }: AnyMachineSnapshot) => context as WatchContext

export const reported = (candidate: Candidate): WatchMachineEvent => ({ type: 'watch.reported', candidate })

const move = (title: string, event: WatchMachineEvent): Move => ({ title, event })

const documents = ({ seen }: WatchContext): readonly (readonly [string, Candidate])[] => {
  const { lineage, order, name } = seen ?? revision(1)
  return [
    ['a newer document', { revision: revision(order + 1, lineage) }],
    ['the same document at a later order', { revision: { lineage, order: order + 1, name } }],
    ['the document that is known', { revision: { lineage, order, name } }],
    ['an older document', { revision: revision(order - 1, lineage) }],
    ['a document of another lineage', { revision: revision(1, lineage === 'a' ? 'b' : 'a') }],
  ]
}

/** What a stream may tell. */
export const streamEvents = (snapshot: AnyMachineSnapshot): readonly Move[] => [
  move('the stream opens', { type: 'watch.opened' }),
  move('the stream tells that something changed', { type: 'watch.changed' }),
  ...documents(contextOf(snapshot)).map(([title, candidate]) => move(`the stream tells ${title}`, reported(candidate))),
  move('the stream breaks', { type: 'watch.broke', cause: 'source.unreachable' }),
  move('the stream breaks, compacted', { type: 'watch.broke', cause: 'source.compacted' }),
]

export const closeRequest = move('a close is requested', { type: 'close.requested' })

const readings = (snapshot: AnyMachineSnapshot): readonly Move[] => {
  const found = documents(contextOf(snapshot)).map(([title, candidate]) => ({
    title: `the read finds ${title}`,
    event: answerOf(snapshot, 'readSource', { kind: 'read', candidate }),
  }))
  const failed: AnyEventObject = answerOf(snapshot, 'readSource', { kind: 'failed', cause: 'source.unreachable' })
  return [...found, { title: 'the read fails', event: failed }]
}

/** What the running actors may answer, and the armed timers; the answer with which all goes well comes first. */
const watchAnswers = (snapshot: AnyMachineSnapshot): readonly Move[] => {
  const running = [...runningIn(snapshot).keys()]
  return [
    ...(running.includes('readSource') ? readings(snapshot) : []),
    ...running.map((actor) => ({ title: `${actor} breaks`, event: breakOf(snapshot, actor) })),
    ...[...armedIn(snapshot).keys()].map((delay) => ({
      title: `${delay} elapses`,
      event: elapseOf(snapshot, delay),
    })),
  ]
}

/** What really may happen next: a stream tells nothing before it is asked nor after it has ended. */
export const watchMoves = (snapshot: AnyMachineSnapshot): readonly Move[] => {
  if (snapshot.status === 'done') return []
  const stream = runningIn(snapshot).has('watchSource') ? streamEvents(snapshot) : []
  return [...stream, closeRequest, ...watchAnswers(snapshot)]
}

/** The next move with which all goes well; none where the source is being followed and was for a while. */
export const goodWatchMove = (snapshot: AnyMachineSnapshot): Move | undefined => {
  if (snapshot.status === 'done') return undefined
  const running = runningIn(snapshot)
  if (running.has('readSource')) return readings(snapshot)[0]
  if (armedIn(snapshot).has('openDeadline')) return streamEvents(snapshot)[0]
  if (!running.has('watchSource')) return watchAnswers(snapshot)[0]
  const { attempts, compactions } = contextOf(snapshot)
  const isSteady = attempts === 0 && compactions === 0
  return isSteady ? undefined : { title: 'steadyAfter elapses', event: elapseOf(snapshot, 'steadyAfter') }
}
