import {
  admissionMachine,
  reloadMachine,
  type RollBackVerdict,
  type StepVerdict,
  type ValidateVerdict,
} from 'changeover/machines'
import { type ActorOptions, type AnyActorLogic, createActor, fromPromise } from 'xstate'

type Verdict = ValidateVerdict | StepVerdict | RollBackVerdict
type Actors = NonNullable<Parameters<typeof reloadMachine.provide>[0]['actors']>
type Clock = NonNullable<ActorOptions<AnyActorLogic>['clock']>

/** The machines of a reloader, wired as they are there, whose actors answer at once and do nothing. */
export interface IdleMachines {
  /** A change comes from the source. */
  readonly change: () => void
  /** Transactions that have come to rest. */
  readonly concluded: () => number
  readonly stop: () => void
}

export const startIdleMachines = (verdict: ValidateVerdict, clock?: Clock): IdleMachines => {
  const answer = (what: Verdict) => fromPromise(async () => what)
  const done = answer({ kind: 'done' })
  const actors = {
    ...Object.fromEntries(Object.keys(reloadMachine.implementations.actors).map((name) => [name, done])),
    validateDocument: answer(verdict),
    rollBackModules: answer({ kind: 'done', degraded: [] }),
  }
  let concluded = 0
  let order = 0
  const finishTransaction = (): void => {
    concluded += 1
  }
  const options = clock === undefined ? {} : { clock }
  // What they are given is of no interest to actors that do nothing.
  const reload = createActor(
    reloadMachine.provide({ actors: actors as unknown as Actors, actions: { finishTransaction } }),
    {
      ...options,
      input: { soaks: false, confirms: false, persists: false },
    },
  )
  const passOn = admissionMachine.provide({
    actions: {
      deliver: ({ context: { newest } }) => {
        if (newest !== undefined) reload.send({ type: 'source.changed', candidate: newest })
      },
    },
  })
  const admission = createActor(passOn, options)
  reload.start()
  admission.start()
  return {
    change: () => {
      order += 1
      const candidate = { revision: { lineage: 'idle', order, name: String(order) } }
      admission.send({ type: 'source.changed', candidate })
    },
    concluded: () => concluded,
    stop: () => {
      admission.stop()
      reload.stop()
    },
  }
}
