import type { AnyEventObject, AnyMachineSnapshot } from 'xstate'
import type { Candidate } from '../../src/model/candidate.ts'
import { type WatchMachineEvent, watchMachine } from '../../machines/index.ts'
import type { SourceCode } from '../../src/model/failure.ts'
import type { Revision } from '../../src/model/revision.ts'
import { revision } from './reload-moves.ts'
import {
  answerOf,
  breakOf,
  createStepper,
  type Effect,
  elapseOf,
  runningIn,
  type Step,
  stateOf,
} from './walk/stepper.ts'
import { contextOf, reported } from './watch-moves.ts'

const stepper = createStepper(watchMachine)

/** The candidate that an effect hands on. */
export const deliveredOf = ({ type, event }: Effect): readonly Candidate[] =>
  type === 'deliver' ? [event.type === 'watch.reported' ? event.candidate : event.output.candidate] : []

/** A watch machine whose source is played by the test. */
export const tellWatch = () => {
  let snapshot: AnyMachineSnapshot
  const delivered: Candidate[] = []
  const asked: string[] = []
  let after: Revision | undefined
  let broken = 0

  const take = (step: Step) => {
    snapshot = step.snapshot
    delivered.push(...step.effects.flatMap(deliveredOf))
    for (const { type, params } of step.effects) {
      if (type === 'reportBroken') broken++
      if (type !== 'xstate.spawnChild') continue
      asked.push(String(params.src))
      if (params.src === 'watchSource') after = (params.input as { after: Revision }).after
    }
    return story
  }
  const send = (event: WatchMachineEvent | AnyEventObject) => take(stepper.step(snapshot, event))

  const story = {
    get state() {
      return stateOf(snapshot)
    },
    get context() {
      return contextOf(snapshot)
    },
    get snapshot() {
      return snapshot
    },
    /** The names of all candidates handed on so far. */
    get delivered() {
      return delivered.map((candidate) => candidate.revision.name)
    },
    /** Every actor that was invoked. */
    asked,
    get broken() {
      return broken
    },
    /** What the last watch was asked to follow. */
    get after() {
      return after
    },
    get isWatching() {
      return runningIn(snapshot).has('watchSource')
    },
    get reads() {
      return asked.filter((src) => src === 'readSource').length
    },
    send,
    read: (order: number, lineage?: string) =>
      send(answerOf(snapshot, 'readSource', { kind: 'read', candidate: { revision: revision(order, lineage) } })),
    failRead: (cause: SourceCode = 'source.unreachable') =>
      send(answerOf(snapshot, 'readSource', { kind: 'failed', cause })),
    open: () => send({ type: 'watch.opened' }),
    announce: () => send({ type: 'watch.changed' }),
    report: (order: number, lineage?: string) => send(reported({ revision: revision(order, lineage) })),
    breakStream: (cause: SourceCode = 'source.unreachable') => send({ type: 'watch.broke', cause }),
    breakActor: (actor: string) => send(breakOf(snapshot, actor)),
    elapse: (delay: string) => send(elapseOf(snapshot, delay)),
    close: () => send({ type: 'close.requested' }),
    /** From the first read to a verified watch. */
    follow: (order: number) => story.read(order).open().read(order),
  }
  return take(stepper.initial())
}

export type WatchStory = ReturnType<typeof tellWatch>
