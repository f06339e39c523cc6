import { type ApplyDeps, DeadlineTable } from '../apply/deadlines.ts'
import { ModuleGuards } from '../apply/module-guards.ts'
import { Phases } from '../apply/phases.ts'
import { CloseBudget } from '../async/close-budget.ts'
import { withDeadline } from '../async/deadline.ts'
import { Intake } from '../intake/intake.ts'
import type { Candidate } from '../model/candidate.ts'
import { failure } from '../model/failure.ts'
import type { Trigger } from '../model/record.ts'
import type { Registry } from '../modules/registry.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import { Persistence } from '../persistence/persistence.ts'
import { Safety } from '../safety/safety.ts'
import type { Settings } from '../settings/settings.ts'
import { EventBus } from '../transaction/event-bus.ts'
import { Subscriptions } from '../transaction/subscriptions.ts'
import { warnAtStart, warnOfHiddenNames, warnOfUndeclared } from '../transaction/start-warnings.ts'
import { TransactionRecorder } from '../transaction/transaction-recorder.ts'
import { HostCalls } from '../xstate/host-calls.ts'
import { FollowUps } from '../validation/follow-ups.ts'
import { undeclaredPaths } from '../schema/undeclared-paths.ts'
import { SnapshotBuilder } from '../validation/snapshot-builder.ts'
import { Validation } from '../validation/validation.ts'
import { RefreshRequests } from './refresh-requests.ts'
import { DocumentOffers } from './document-offers.ts'
import { ReloadActor } from './reload-actor.ts'
import type { ReloadObserver } from './reload-works.ts'
import { Restore } from './restore.ts'
import { Rotation } from './rotation.ts'
import { TransactionExecutor } from './transaction-executor.ts'

/** Hears what the engine does; the reloader turns it into promises. */
export interface EngineObserver extends Omit<ReloadObserver, 'onState'> {
  readonly onBegun: (epoch: number, trigger: Trigger) => void
  /** Reads that were asked for and have not begun are refused: changes are frozen. */
  readonly onFrozen: () => void
}

/**
 * The composition root: makes the stages and wires them to the machines. A document goes from `intake` to the reload
 * machine, which moves `executor` through the stages.
 */
export class Engine {
  readonly events: EventBus
  readonly recorder: TransactionRecorder
  readonly subscriptions: Subscriptions
  readonly builder: SnapshotBuilder
  readonly followUps: FollowUps
  readonly phases: Phases
  readonly safety: Safety
  readonly intake: Intake
  readonly executor: TransactionExecutor
  readonly machine: ReloadActor
  readonly restore: Restore
  readonly refreshes: RefreshRequests
  readonly rotation: Rotation | undefined
  readonly offers: DocumentOffers
  readonly #settings: Settings
  readonly #persistence: Persistence | undefined
  readonly #budget: CloseBudget
  readonly #store: ServingStore

  constructor(settings: Settings, registry: Registry, store: ServingStore, observer: EngineObserver) {
    const { clock, logger, lastKnownGood, deadlines, concurrency, soak, confirm, idPrefix } = settings
    this.#settings = settings
    this.#store = store
    this.#budget = new CloseBudget(clock, (deadlineMs) => this.#abandonClose(deadlineMs, observer))
    const { work, modules, rest } = this.#budget
    this.events = new EventBus(() => clock.now(), idPrefix)
    this.recorder = new TransactionRecorder(logger, this.events)
    const [{ channels }, { report }] = [this.events, this.recorder]
    this.subscriptions = new Subscriptions(report)
    const onDisk = { clock: rest, deadlineMs: deadlines.persistMs, report }
    this.#persistence = lastKnownGood && new Persistence(lastKnownGood, onDisk)
    this.safety = new Safety(settings, this.#persistence, report, () => {
      this.machine.send({ type: 'quarantine.expired' })
      this.offers.offerWaiting()
    })
    const calls = new HostCalls()
    const offer: DocumentOffers['offer'] = (candidate, isRepeated) => this.offers.offer(candidate, isRepeated)
    this.intake = new Intake(settings, offer, { report, channels, store, calls })
    this.refreshes = new RefreshRequests(this.intake, store)
    this.rotation = Rotation.of(settings, { store, work, report })
    const digestKey = (): string => this.safety.digestKey
    this.builder = new SnapshotBuilder({ ...settings, clock: work }, store, digestKey, this.rotation?.secrets)
    const [{ documents }, { visibility }] = [this.intake, this.builder]
    this.followUps = new FollowUps({ settings, store, subscriptions: this.subscriptions, visibility })
    const { builder, followUps, safety, intake, subscriptions } = this
    const takeRefreshes = (candidate: Candidate) => this.refreshes.take(candidate)
    const validation = new Validation({ registry, store, documents, builder, followUps, safety, report, takeRefreshes })
    const applyDeps: ApplyDeps = {
      clock: work,
      closeClock: modules,
      concurrency,
      deadlines: new DeadlineTable(deadlines),
      guards: new ModuleGuards(clock, report),
      onSettled: () => this.machine.send({ type: 'module.settled' }),
      report,
    }
    this.phases = new Phases(registry, store, applyDeps, soak)
    this.executor = new TransactionExecutor({
      clock,
      idPrefix,
      confirmWithinMs: confirm?.withinMs,
      store,
      validation,
      visibility,
      safety,
      phases: this.phases,
      subscriptions,
      recorder: this.recorder,
      events: this.events,
      refreshes: this.refreshes,
      onBegun: observer.onBegun,
    })
    this.machine = new ReloadActor({
      settings,
      store,
      executor: this.executor,
      closeAll: () => this.#closeAll(),
      observer: this.#reloadObserver(observer),
      report,
      calls,
    })
    this.restore = new Restore({
      settings,
      safety,
      intake,
      machine: this.machine,
      hasLastKnownGood: () => this.executor.lastKnownGood !== undefined,
      report,
      seed: (secrets) => this.rotation?.secrets.seed(secrets),
      onFrozen: observer.onFrozen,
    })
    this.offers = new DocumentOffers(this, { settings, store, validation })
    this.rotation?.attach({ machine: this.machine, intake, restore: this.restore })
    this.events.addMachines({ reload: this.machine.actor, ...intake.actors })
  }

  #reloadObserver(observer: EngineObserver): ReloadObserver {
    return {
      onServing: observer.onServing,
      onState: (state, since) => this.events.channels.stateEntered(state, since),
      onFinished: (record, leavesUntried) => {
        observer.onFinished(record, leavesUntried)
        this.restore.note(record)
        this.rotation?.note(record)
      },
      onClosed: () => {
        this.#budget.end()
        observer.onClosed()
      },
    }
  }

  /**
   * Keeps other reloaders of this process away from the store.
   *
   * @throws ChangeoverError `persistence.in-use` if one uses it
   */
  occupyStore(): void {
    this.#persistence?.others.occupy()
  }

  /** Serves the last known good if one is kept, and then follows the source. */
  start(): void {
    const { logger, diagnostics } = this.#settings
    if (diagnostics) warnAtStart(logger, 'diagnostics.full')
    warnOfHiddenNames(logger, this.builder.visibility)
    warnOfUndeclared(logger, undeclaredPaths(this.#settings, this.builder.shape))
    this.machine.start()
    this.intake.start()
    this.restore.start()
  }

  /** The close, once it is requested, ends within this time. */
  limitClose(deadlineMs: number): void {
    this.#budget.limit(deadlineMs)
  }

  /** An engine that was never started closes the same way: its machine is started to be closed. */
  requestClose(isStarted: boolean): void {
    this.restore.stop()
    this.rotation?.stop()
    this.intake.stop()
    if (!isStarted) this.machine.start()
    this.machine.close()
  }

  async #closeAll(): Promise<void> {
    const { source, deadlines } = this.#settings
    await this.phases.closeAll()
    await this.safety.close()
    const closing = withDeadline(() => source.close?.(), {
      clock: this.#budget.rest,
      deadlineMs: deadlines.closeMs,
      graceMs: 0,
    })
    const ended = await closing.result
    if (ended.kind !== 'done') {
      const error = 'error' in ended ? ended.error : undefined
      this.recorder.report(failure('source.failed', { phase: 'close' }, error))
    }
    this.subscriptions.close()
  }

  /** Says what has not ended. It runs on, and what waits for it is still closed if the process lives. */
  #abandonClose(deadlineMs: number, observer: EngineObserver): void {
    const open = [...this.#store.slots.values()].filter(
      ({ live, pendingApply }) => live > 0 || pendingApply !== undefined,
    )
    const names = open.slice(0, 10).map(({ name }) => name)
    const what = names.length === 0 ? 'no module is open' : `open: ${names.join(', ')}`
    const detail = `${deadlineMs} ms; state ${this.machine.state}; ${what}`
    this.recorder.report(failure('reloader.close-timeout', { phase: 'close', detail }))
    observer.onClosed()
  }
}
