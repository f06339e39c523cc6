import { createActor } from 'xstate'
import type { ReloadContext, ReloadEvent, ReloadInput, ReloadWork } from '../../machines/index.ts'
import { mustBeConfirmed } from '../../machines/reload/guards.ts'
import { createReloadMachine } from '../../machines/reload/machine.ts'
import type { BackoffOptions } from '../api/options.ts'
import { backoffMs } from '../async/backoff.ts'
import { lazy } from '../async/lazy.ts'
import { failure } from '../model/failure.ts'
import type { Outcome } from '../model/record.ts'
import { actorOptions } from '../xstate/inspection.ts'
import type { ObservableActor } from '../xstate/machine-observer.ts'
import { isResting, stateName } from '../xstate/state-name.ts'
import { type System, SystemDeps } from '../xstate/system-deps.ts'
import { WorkRunner } from '../xstate/work-runner.ts'
import { type ReloadActorDeps, reloadWorks } from './reload-works.ts'

/** From the commit to the end of the soak: here the last known good that comes back ends the transaction. */
const soakingStates = new Set(['committing', 'completing', 'soaking', 'trying', 'confirming'])

/** From the commit until it has held, a transaction may be confirmed. */
const confirmableStates = new Set(['completing', 'soaking', 'confirming'])

const hosts = new SystemDeps<ReloadActor>()

type WorkName = keyof ReloadWork

const beginWork = (name: WorkName) => {
  return ({ context, system }: { readonly context: ReloadContext; readonly system: System }): void =>
    hosts.of(system).begin(name, context)
}

/** Filled for the first reloader: XState takes milliseconds to make it (bench: import). */
const machine = lazy(() =>
  createReloadMachine().provide({
    actions: {
      ...(Object.fromEntries(Object.keys(reloadWorks).map((name) => [name, beginWork(name as WorkName)])) as Record<
        WorkName,
        ReturnType<typeof beginWork>
      >),
      stopWork: ({ system }) => hosts.of(system).stopWork(),
      finishTransaction: ({ context, system }, { outcome }) => hosts.of(system).finish(outcome, context),
      reportBroken: ({ event, system }) =>
        hosts.of(system).deps.executor.fail(failure('internal.error', {}, (event as { error?: unknown }).error)),
      reportUnconfirmed: ({ system }) => {
        const { executor } = hosts.of(system).deps
        executor.fail(failure('confirm.expired', executor.transaction.revision))
      },
    },
    delays: {
      repairBackoff: ({ context, system }) => hosts.of(system).repairLeftMs(context.repairs),
      confirmDeadline: ({ system }) => hosts.of(system).deps.executor.confirmLeftMs,
    },
  }),
)

/** Runs the reload machine of one reloader. */
export class ReloadActor {
  readonly deps: ReloadActorDeps
  readonly #actor
  readonly #work: WorkRunner<WorkName>
  readonly #repairTimer: RepairTimer
  #state = 'idle'
  #since: number

  constructor(deps: ReloadActorDeps) {
    const { settings, observer, report, calls } = deps
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
    this.#actor = createActor(machine(), { ...actorOptions('reload', settings, report, calls), input })
    hosts.set(this.#actor.system, this)
    this.#work = new WorkRunner(calls, (answer) => this.send(answer as ReloadEvent))
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
    this.deps.calls.around(() => this.#actor.start())
  }

  /** Closes through the machine; directly if the machine has broken. */
  close(): void {
    const { closeAll, observer } = this.deps
    if (this.#actor.getSnapshot().status === 'error') void closeAll().then(observer.onClosed)
    else this.send({ type: 'close.requested' })
  }

  /** A late apply may settle after the close, and XState would warn of its event on the console. */
  send(event: ReloadEvent): void {
    if (this.#actor.getSnapshot().status === 'active') this.deps.calls.around(() => this.#actor.send(event))
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

  begin(name: WorkName, context: ReloadContext): void {
    this.#work.begin(name, (call) => reloadWorks[name](this.deps, context, call))
  }

  stopWork(): void {
    this.#work.stop()
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
