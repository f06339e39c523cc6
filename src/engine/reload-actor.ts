import { type Actor, createActor } from 'xstate'
import {
  type Ending,
  type EpochInput,
  mustBeConfirmed,
  type ReadVerdict,
  type ReloadContext,
  type ReloadInput,
  reloadMachine,
  type RollBackVerdict,
  type StepVerdict,
  type ValidateVerdict,
} from '../../machines/index.ts'
import type { Admission } from '../intake/admission.ts'
import type { Clock } from '../api/clock.ts'
import type { EngineObserver } from './engine.ts'
import type { Validation, ExamineInput, FetchInput } from '../validation/validation.ts'
import type { TransactionExecutor } from './transaction-executor.ts'
import { createOwners } from '../xstate/actor-owners.ts'
import type { Outcome } from '../model/record.ts'
import type { Phases } from '../apply/phases.ts'
import type { Safety } from '../safety/safety.ts'
import { fromStep } from '../xstate/step-actor.ts'

/** What moves when the reload machine decides. */
export interface ReloadParts {
  readonly executor: TransactionExecutor
  readonly runner: Phases
  readonly safety: Safety
  readonly admission: Admission
  readonly examiner: Validation
  readonly observer: EngineObserver
  readonly context: () => ReloadContext
  readonly close: () => Promise<void>
  readonly conclude: (outcome: Outcome, context: ReloadContext) => void
  /** How long a degraded module still rests, in milliseconds. */
  readonly repairLeftMs: (repairs: number) => number
}

const owners = createOwners<ReloadParts>()

const partsOf = owners.of

const done = (isDone: boolean): StepVerdict => ({ kind: isDone ? 'done' : 'failed' })

/** Each actor does what the machine has decided, and answers with a verdict. */
const actors = {
  readDocument: fromStep<ReadVerdict, FetchInput>(async ({ input, system, signal }) => {
    const { examiner, executor, admission, observer } = partsOf(system)
    const verdict = await examiner.fetch(executor.begin(input.epoch, 'reload', observer.onBegun), input, signal)
    if (verdict.kind === 'found') admission.noteRead(verdict.candidate)
    return verdict
  }),
  validateDocument: fromStep<ValidateVerdict, ExamineInput>(async (call) => {
    const { examiner, executor, observer } = partsOf(call.system)
    const { input } = call
    return examiner.examine(executor.begin(input.epoch, input.trigger, observer.onBegun), input, call)
  }),
  journalAttempt: fromStep<StepVerdict, EpochInput>(async ({ system }) => {
    const { safety, executor, context } = partsOf(system)
    await safety.begin(executor.transaction, mustBeConfirmed(context()))
    return done(true)
  }),
  prepareModules: fromStep<StepVerdict, EpochInput>(async (call) => {
    const { runner, executor } = partsOf(call.system)
    return done(await runner.prepare(executor.transaction, call))
  }),
  commitModules: fromStep<StepVerdict, EpochInput>(async ({ system }) => done(partsOf(system).executor.commit())),
  completeModules: fromStep<StepVerdict, EpochInput>(async ({ system }) => {
    const { runner, executor } = partsOf(system)
    return done(await runner.complete(executor.transaction))
  }),
  soakModules: fromStep<StepVerdict, EpochInput>(async ({ system, signal }) => {
    const { runner, executor, observer } = partsOf(system)
    observer.onServing()
    return done(await runner.soak(executor.transaction, signal))
  }),
  checkModules: fromStep<StepVerdict, EpochInput>(async ({ system, signal }) => {
    const { runner, executor } = partsOf(system)
    return done(await runner.check(executor.transaction, signal))
  }),
  promoteSnapshot: fromStep<StepVerdict, EpochInput>(async ({ system }) => {
    const { executor, observer } = partsOf(system)
    observer.onServing()
    await executor.promote()
    return done(true)
  }),
  rollBackModules: fromStep<RollBackVerdict, EpochInput & { readonly ending: Ending }>(async ({ input, system }) => {
    const { executor, context } = partsOf(system)
    const { hasServed, soakFailed } = context()
    return executor.rollBack(input.ending, hasServed || soakFailed)
  }),
  closeModules: fromStep<void, EpochInput>(async ({ system }) => partsOf(system).close()),
}

/** The chart with its holes filled, once for all reloaders: to fill them takes XState longer than many a reload. */
const machine = reloadMachine.provide({
  actors,
  actions: {
    finishTransaction: ({ context, system }, { outcome }) => partsOf(system).conclude(outcome, context),
    reportBroken: ({ event, system }) =>
      partsOf(system).executor.fail('internal.error', {}, (event as { error?: unknown }).error),
    reportUnconfirmed: ({ system }) => {
      const { executor } = partsOf(system)
      executor.fail('confirm.expired', executor.transaction.revision)
    },
  },
  delays: {
    repairBackoff: ({ context, system }) => partsOf(system).repairLeftMs(context.repairs),
    confirmDeadline: ({ system }) => partsOf(system).executor.confirmLeftMs,
  },
})

/** The actor of one reloader's reload machine. */
export const createReloadActor = (
  parts: ReloadParts,
  options: { readonly id: string; readonly clock: Clock },
  input: ReloadInput,
): Actor<typeof machine> => {
  const actor = createActor(machine, { ...options, input })
  owners.note(actor.system, parts)
  return actor
}
