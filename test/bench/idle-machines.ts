import { admissionMachine, reloadMachine, type ReloadWork, type ValidateVerdict } from 'changeover/machines'
import { type ActorOptions, type AnyActorLogic, createActor } from 'xstate'

type Clock = NonNullable<ActorOptions<AnyActorLogic>['clock']>

/** The machines of a reloader, wired as they are there, whose work answers at once and does nothing. */
export interface IdleMachines {
  /** A change comes from the source. */
  readonly change: () => void
  /** Transactions that have come to rest. */
  readonly concluded: () => number
  readonly stop: () => void
}

const done = { kind: 'done' } as const

/** Makes the actions of all work. */
const answering = (answers: ReloadWork, onCommit: () => void) =>
  Object.fromEntries(
    Object.entries(answers).map(([name, output]) => [
      name,
      ({ self }: { readonly self: { readonly send: (event: object) => void } }) => {
        if (name === 'commitModules') onCommit()
        self.send({ type: `xstate.done.actor.${name}`, output })
      },
    ]),
  )

/** @param onCommit called in the state in which the modules would be committed */
export const startIdleMachines = (
  validateDocument: ValidateVerdict,
  { clock, onCommit = () => {} }: { readonly clock?: Clock; readonly onCommit?: () => void } = {},
): IdleMachines => {
  const answers: ReloadWork = {
    readDocument: { kind: 'failed' },
    validateDocument,
    journalAttempt: done,
    prepareModules: done,
    commitModules: done,
    completeModules: done,
    soakModules: done,
    checkModules: done,
    promoteSnapshot: done,
    rollBackModules: { kind: 'done', degraded: [] },
    closeModules: undefined,
  }
  const actions = answering(answers, onCommit)
  let concluded = 0
  let order = 0
  const finishTransaction = (): void => {
    concluded += 1
  }
  const options = clock === undefined ? {} : { clock }
  const reload = createActor(reloadMachine.provide({ actions: { ...actions, finishTransaction } }), {
    ...options,
    input: { soaks: false, confirms: false, persists: false },
  })
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
      // Far from the one before.
      admission.send({ type: 'source.changed', candidate, at: 1_000 * order })
    },
    concluded: () => concluded,
    stop: () => {
      admission.stop()
      reload.stop()
    },
  }
}
