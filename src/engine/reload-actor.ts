import { createActor } from 'xstate'
import {
  type Ending,
  type EpochInput,
  mustBeConfirmed,
  type ReadVerdict,
  type ReloadContext,
  type ReloadEvent,
  type ReloadInput,
  reloadMachine,
  type RollBackVerdict,
  type StepVerdict,
  type ValidateVerdict,
} from '../../machines/index.ts'
import type { BackoffOptions } from '../api/options.ts'
import { backoffMs } from '../async/backoff.ts'
import { failure } from '../model/failure.ts'
import type { Outcome, TransactionRecord } from '../model/record.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Settings } from '../settings/settings.ts'
import type { ValidationInput } from '../validation/validation.ts'
import { actorOptions, type Report } from '../xstate/inspection.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import { isResting, stateName } from '../xstate/state-name.ts'
import { fromStep } from '../xstate/step-actor.ts'
import { SystemDeps } from '../xstate/system-deps.ts'
import type { TransactionExecutor } from './transaction-executor.ts'

/** Hears what the reload machine has come to. */
export interface ReloadObserver {
  /** A config serves and all modules have taken it; a soak may still follow. */
  readonly onServing: () => void
  /** The machine has entered a state, at this wall-clock time. */
  readonly onState: (state: string, since: number) => void
  /** A transaction has its record. `leavesUntried` if a document still waits for another try. */
  readonly onFinished: (record: TransactionRecord, leavesUntried: boolean) => void
  readonly onClosed: () => void
}

interface ReloadActorDeps {
  readonly settings: Settings
  readonly store: ServingStore
  readonly executor: TransactionExecutor
  /** Closes all that serves. */
  readonly closeAll: () => Promise<void>
  readonly observer: ReloadObserver
  readonly report: Report
}

/** From the commit to the end of the soak: here the last known good that comes back ends the transaction. */
const soakingStates = new Set(['committing', 'completing', 'soaking', 'confirming'])

/** From the commit until it has held, a transaction may be confirmed. */
const confirmableStates = new Set(['completing', 'soaking', 'confirming'])

const actors = new SystemDeps<ReloadActor>()

const depsOf = (system: Parameters<typeof actors.of>[0]) => actors.of(system).deps

/** The work of each state: the executor does what the machine has decided, and answers with a verdict. */
const machine = reloadMachine.provide({
  actors: {
    readDocument: fromStep<ReadVerdict, EpochInput & Pick<ReloadContext, 'seen'>>(({ input, system, signal }) =>
      depsOf(system).executor.fetch(input.epoch, input.seen, signal),
    ),
    validateDocument: fromStep<ValidateVerdict, EpochInput & ValidationInput>((call) =>
      depsOf(call.system).executor.validate(call.input.epoch, call.input, call),
    ),
    journalAttempt: fromStep<StepVerdict, EpochInput>(({ system }) => {
      const { context, deps } = actors.of(system)
      return deps.executor.journal(mustBeConfirmed(context))
    }),
    prepareModules: fromStep<StepVerdict, EpochInput>((call) => depsOf(call.system).executor.prepare(call)),
    // One synchronous turn: nothing of the service runs between two modules.
    commitModules: fromStep<StepVerdict, EpochInput>(async ({ system }) => {
      const { executor, store } = depsOf(system)
      const { transaction } = executor
      const startMs = transaction.timings.elapsedMs()
      return executor.noteCommit(store.commit(transaction), startMs)
    }),
    completeModules: fromStep<StepVerdict, EpochInput>(({ system }) => depsOf(system).executor.complete()),
    soakModules: fromStep<StepVerdict, EpochInput>(({ system, signal }) => {
      const { executor, observer } = depsOf(system)
      observer.onServing()
      return executor.soak(signal)
    }),
    checkModules: fromStep<StepVerdict, EpochInput>(({ system, signal }) => depsOf(system).executor.soak(signal, true)),
    promoteSnapshot: fromStep<StepVerdict, EpochInput>(({ system }) => {
      const { executor, observer } = depsOf(system)
      observer.onServing()
      return executor.promote()
    }),
    rollBackModules: fromStep<RollBackVerdict, EpochInput & { readonly ending: Ending }>(async ({ input, system }) => {
      const { context, deps } = actors.of(system)
      return deps.executor.rollBack(input.ending, context.hasServed || context.soakFailed)
    }),
    closeModules: fromStep<void, EpochInput>(({ system }) => depsOf(system).closeAll()),
  },
  actions: {
    finishTransaction: ({ context, system }, { outcome }) => actors.of(system).finish(outcome, context),
    reportBroken: ({ event, system }) =>
      depsOf(system).executor.fail(failure('internal.error', {}, (event as { error?: unknown }).error)),
    reportUnconfirmed: ({ system }) => {
      const { executor } = depsOf(system)
      executor.fail(failure('confirm.expired', executor.transaction.revision))
    },
  },
  delays: {
    repairBackoff: ({ context, system }) => actors.of(system).repairLeftMs(context.repairs),
    confirmDeadline: ({ system }) => depsOf(system).executor.confirmLeftMs,
  },
})

/** Runs the reload machine of one reloader. */
export class ReloadActor {
  readonly deps: ReloadActorDeps
  readonly #actor
  readonly #repairTimer: RepairTimer
  #state = 'idle'
  #since: number

  constructor(deps: ReloadActorDeps) {
    const { settings, observer, report } = deps
    const { clock, random, repair, soak, confirm, lastKnownGood } = settings
    this.deps = deps
    this.#since = clock.now()
    this.#repairTimer = new RepairTimer(repair, random)
    const input: ReloadInput = {
      soaks: soak.durationMs > 0,
      confirms: confirm !== undefined,
      persists: lastKnownGood !== undefined,
      supersedesSoak: soak.onNewer === 'supersede',
    }
    this.#actor = createActor(machine, { ...actorOptions('reload', settings, report), input })
    actors.set(this.#actor.system, this)
    this.#actor.subscribe({
      next: ({ value }) => this.#noteState(value),
      complete: observer.onClosed,
      error: (error) => report(failure('internal.error', {}, error)),
    })
  }

  get actor(): ObservableActor {
    return this.#actor
  }

  start(): void {
    this.#actor.start()
  }

  /** Closes through the machine; directly if the machine has broken. */
  close(): void {
    const { closeAll, observer } = this.deps
    if (this.#actor.getSnapshot().status === 'error') void closeAll().then(observer.onClosed)
    else this.send({ type: 'close.requested' })
  }

  /** A late apply may settle after the close, and XState would warn of its event on the console. */
  send(event: ReloadEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event)
  }

  get context(): ReloadContext {
    return this.#actor.getSnapshot().context
  }

  /** The name of the state. */
  get state(): string {
    return this.#state
  }

  /** Wall-clock time of entering the state. */
  get since(): number {
    return this.#since
  }

  get isResting(): boolean {
    return isResting(this.#state)
  }

  get isSoaking(): boolean {
    return soakingStates.has(this.#state)
  }

  /** True if the running transaction may be confirmed now. */
  get isConfirmable(): boolean {
    return confirmableStates.has(this.#state) && this.awaitsConfirmation && this.deps.executor.confirmLeftMs > 0
  }

  /** True if the running transaction holds only once it is confirmed, and has not been. */
  get awaitsConfirmation(): boolean {
    return this.isSoaking && needsConfirmation(this.context)
  }

  /** How long a degraded module still rests, in milliseconds. */
  repairLeftMs(repairs: number): number {
    return this.#repairTimer.leftMs(repairs, this.deps.settings.clock.monotonic())
  }

  finish(outcome: Outcome, context: ReloadContext): void {
    const { executor, observer } = this.deps
    if (outcome === 'committed') {
      this.#repairTimer.reset()
      observer.onServing()
    }
    const record = executor.finishTransaction(outcome, context, needsConfirmation(context))
    observer.onFinished(record, context.untried !== undefined)
  }

  #noteState(value: unknown): void {
    const state = stateName(value)
    if (state === this.#state) return
    this.#state = state
    this.#since = this.deps.settings.clock.now()
    this.deps.observer.onState(state, this.#since)
  }
}

const needsConfirmation = (context: ReloadContext): boolean => mustBeConfirmed(context) && !context.isConfirmed

/** Times repairs with a back-off that other transactions in between do not restart. */
class RepairTimer {
  readonly #backoff: Required<BackoffOptions>
  readonly #random: () => number
  #due: { readonly repairs: number; readonly at: number } | undefined

  constructor(backoff: Required<BackoffOptions>, random: () => number) {
    this.#backoff = backoff
    this.#random = random
  }

  /** What is left at `now` until repair number `repairs`, in milliseconds. */
  leftMs(repairs: number, now: number): number {
    if (this.#due?.repairs !== repairs) {
      this.#due = { repairs, at: now + backoffMs(this.#backoff, repairs + 1, this.#random) }
    }
    return Math.max(0, this.#due.at - now)
  }

  reset(): void {
    this.#due = undefined
  }
}
