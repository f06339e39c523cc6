import { fromPromise } from 'xstate'
import {
  type Ending,
  type EpochInput,
  mustBeConfirmed,
  type ReadVerdict,
  type RollBackVerdict,
  type StepVerdict,
  type ValidateVerdict,
} from '../machines/index.ts'
import type { Engine, EngineObserver } from './engine.ts'
import type { Examiner, ExamineInput, FetchInput } from './examiner.ts'

const done = (isDone: boolean): StepVerdict => ({ kind: isDone ? 'done' : 'failed' })

/** The reload machine's hands: each actor does what the machine has decided, and answers with a verdict. */
export const reloadActors = (
  engine: Engine,
  examiner: Examiner,
  { onBegun, onServing }: EngineObserver,
  close: () => Promise<void>,
) => {
  const { hands, runner, safety, admission } = engine
  return {
    readDocument: fromPromise<ReadVerdict, FetchInput>(async ({ input, signal }) => {
      const verdict = await examiner.fetch(hands.begin(input.epoch, 'reload', onBegun), input, signal)
      if (verdict.kind === 'found') admission.noteRead(verdict.candidate)
      return verdict
    }),
    validateDocument: fromPromise<ValidateVerdict, ExamineInput>(({ input, signal }) =>
      examiner.examine(hands.begin(input.epoch, input.trigger, onBegun), input, signal),
    ),
    journalAttempt: fromPromise<StepVerdict, EpochInput>(async () => {
      await safety.begin(hands.transaction, mustBeConfirmed(engine.context))
      return done(true)
    }),
    prepareModules: fromPromise<StepVerdict, EpochInput>(async ({ signal }) =>
      done(await runner.prepare(hands.transaction, signal)),
    ),
    commitModules: fromPromise<StepVerdict, EpochInput>(async () => done(hands.commit())),
    completeModules: fromPromise<StepVerdict, EpochInput>(async () => done(await runner.complete(hands.transaction))),
    soakModules: fromPromise<StepVerdict, EpochInput>(async ({ signal }) => {
      onServing()
      return done(await runner.soak(hands.transaction, signal))
    }),
    checkModules: fromPromise<StepVerdict, EpochInput>(async ({ signal }) =>
      done(await runner.check(hands.transaction, signal)),
    ),
    promoteSnapshot: fromPromise<StepVerdict, EpochInput>(async () => {
      onServing()
      await hands.promote()
      return done(true)
    }),
    rollBackModules: fromPromise<RollBackVerdict, EpochInput & { readonly ending: Ending }>(({ input }) =>
      hands.rollBack(input.ending, engine.context.hasServed || engine.context.unproven),
    ),
    closeModules: fromPromise<void, EpochInput>(() => close()),
  }
}
