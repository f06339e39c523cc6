import type { Candidate } from '../model/candidate.ts'
import { mustBeConfirmed, type ReloadContext, type ReloadEvent } from '../../machines/index.ts'
import { Admission } from '../intake/admission.ts'
import { EventBus } from '../transaction/event-bus.ts'
import { RepairTimer } from '../async/backoff.ts'
import { withDeadline } from '../async/deadline.ts'
import { Validation } from '../validation/validation.ts'
import { SourceWatcher } from '../intake/source-watcher.ts'
import { TransactionExecutor } from './transaction-executor.ts'
import { TransactionRecorder } from '../transaction/transaction-recorder.ts'
import { Keeper } from '../persistence/index.ts'
import { actorOptions } from '../xstate/inspection.ts'
import { failure } from '../model/failure.ts'
import type { Outcome, TransactionRecord, Trigger } from '../model/record.ts'
import { isSameRevision } from '../model/revision.ts'
import { createReloadActor, type ReloadParts } from './reload-actor.ts'
import { Restore } from './restore.ts'
import type { Settings } from '../settings/settings.ts'
import type { Registry } from '../modules/registry.ts'
import { Phases } from '../apply/phases.ts'
import { applyDepsOf } from '../apply/deadlines.ts'
import { Safety } from '../safety/safety.ts'
import { SourceReader } from '../intake/source-reader.ts'
import { isResting, stateName } from '../xstate/state-name.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import { Subscriptions } from '../transaction/subscriptions.ts'
import { SnapshotBuilder } from '../validation/snapshot-builder.ts'

/** From the tick to the end of the proof: here the last known good that comes back ends it. */
const provingStates = new Set(['committing', 'completing', 'soaking', 'confirming'])

/** Who hears what the engine does; the face, which turns it into promises. */
export interface EngineObserver {
  readonly onBegun: (epoch: number, trigger: Trigger) => void
  /** A config serves and all modules have taken it; a soak may still follow. */
  readonly onServing: () => void
  readonly onFinished: (record: TransactionRecord, leavesUntried: boolean) => void
  /** Reads that were asked for and have not begun are held: changes are frozen. */
  readonly onFrozen: () => void
  readonly onClosed: () => void
}

/** Holds the parts of a reloader together: what the source tells goes through the machines, and they move the executor. */
export class Engine {
  readonly announcer: EventBus
  readonly validator: SnapshotBuilder
  readonly journal: TransactionRecorder
  readonly subscribers: Subscriptions
  readonly follower: SourceWatcher
  readonly admission: Admission
  readonly runner: Phases
  readonly executor: TransactionExecutor
  readonly safety: Safety
  readonly restore: Restore
  readonly reader: SourceReader
  readonly #settings: Settings
  readonly #store: ServingStore
  readonly #examiner: Validation
  readonly #observer: EngineObserver
  readonly #actor
  readonly #repairTimer: RepairTimer
  #state = 'idle'
  #since: number

  constructor(settings: Settings, registry: Registry, store: ServingStore, observer: EngineObserver) {
    const { clock, random, logger, lastKnownGood, deadlines } = settings
    this.#settings = settings
    this.#store = store
    this.#observer = observer
    this.#since = clock.now()
    this.#repairTimer = new RepairTimer(settings.repair, random)
    this.announcer = new EventBus(() => clock.now())
    this.journal = new TransactionRecorder(logger, this.announcer)
    const { report } = this.journal
    const keeping = { clock, deadlineMs: deadlines.persistMs, report }
    const keeper = lastKnownGood === undefined ? undefined : new Keeper(lastKnownGood, keeping)
    this.safety = new Safety(settings, keeper, report, () => this.send({ type: 'retry.requested' }))
    this.validator = new SnapshotBuilder(settings, () => this.safety.digestKey)
    this.subscribers = new Subscriptions(report)
    this.reader = new SourceReader(settings)
    this.#examiner = new Validation({ ...this, registry, store, report })
    this.admission = new Admission(settings, (candidate, wasFrozen) => this.#offer(candidate, wasFrozen), report)
    this.follower = new SourceWatcher(settings, this.reader, (candidate, from) => this.#hear(candidate, from), report)
    const runtime = applyDepsOf(settings, report, () => this.send({ type: 'module.settled' }))
    this.runner = new Phases(registry, store, runtime, settings.soak)
    this.executor = new TransactionExecutor({ ...this, settings, store })
    this.restore = new Restore(this, report, observer.onFrozen)
    this.#actor = this.#createActor()
    this.announcer.present({ reload: this.#actor, watch: this.follower.actor, admission: this.admission.actor })
  }

  /** Serves the last known good where one is kept, and then follows the source. */
  start(): void {
    this.#actor.start()
    this.admission.start()
    this.restore.start()
  }

  /** An engine that was never started goes the same way: its machine is started to be closed. */
  requestClose(isStarted: boolean): void {
    this.restore.stop()
    this.follower.stop()
    this.admission.stop()
    if (this.#actor.getSnapshot().status === 'error') {
      void this.#close().then(this.#observer.onClosed) // no machine is left to decide it
      return
    }
    if (!isStarted) this.#actor.start()
    this.send({ type: 'close.requested' })
  }

  /** The name of the state, and the wall-clock time of entering it. */
  get state(): { readonly state: string; readonly since: number } {
    return { state: this.#state, since: this.#since }
  }

  get context(): ReloadContext {
    return this.#actor.getSnapshot().context
  }

  /** True where the running transaction holds only once somebody confirms it, and nobody has. */
  get awaitsConfirmation(): boolean {
    const { context } = this
    return provingStates.has(this.#state) && mustBeConfirmed(context) && !context.isConfirmed
  }

  send(event: ReloadEvent): void {
    // A late apply may settle after the close; XState would warn of it on the console.
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event)
  }

  /** What the source tells, on its way to the admission. */
  #hear(candidate: Candidate, from: 'stream' | 'read'): void {
    const newest = this.admission.newest?.revision
    // A stream that still tells of a lineage which a read has found gone: a reason to read, never to apply.
    const isForeign = from === 'stream' && newest !== undefined && newest.lineage !== candidate.revision.lineage
    if (isForeign) this.follower.recheck()
    else this.admission.offer(candidate)
  }

  /** What the admission lets through, on its way to the reload machine. */
  #offer(candidate: Candidate, wasFrozen: boolean): void {
    // What serves for good needs no telling; while a transaction runs, what serves now may not serve in the end.
    if (wasFrozen && isResting(this.#state) && isSameRevision(candidate.revision, this.#store.snapshot?.revision))
      return
    const isProving = provingStates.has(this.#state)
    const isLastKnownGood = isProving && this.#examiner.isLastKnownGood(candidate, this.executor.lastKnownGood)
    const offered =
      wasFrozen || isLastKnownGood
        ? this.reader.mark(candidate, { wasFrozen: wasFrozen, isLastKnownGood: isLastKnownGood })
        : candidate
    this.send({ type: 'source.changed', candidate: offered })
  }

  #createActor() {
    const { clock, soak, confirm, lastKnownGood } = this.#settings
    const parts: ReloadParts = {
      ...this,
      examiner: this.#examiner,
      observer: this.#observer,
      context: () => this.context,
      close: () => this.#close(),
      conclude: (outcome, context) => this.#conclude(outcome, context),
      repairLeftMs: (repairs) => this.#repairTimer.leftMs(repairs, clock.monotonic()),
    }
    const input = {
      soaks: soak.durationMs > 0,
      confirms: confirm !== undefined,
      persists: lastKnownGood !== undefined,
    }
    const actor = createReloadActor(parts, actorOptions('reload', this.#settings, this.journal.report), input)
    actor.subscribe({
      next: ({ value }) => this.#noteState(value),
      complete: () => this.#observer.onClosed(),
      error: (error) => this.journal.report(failure('internal.error', {}, error)),
    })
    return actor
  }

  #noteState(value: unknown): void {
    const state = stateName(value)
    if (state === this.#state) return
    this.#state = state
    this.#since = this.#settings.clock.now()
  }

  async #close(): Promise<void> {
    const { source, clock, deadlines } = this.#settings
    await this.runner.closeAll()
    await this.safety.close()
    const closing = withDeadline(() => source.close?.(), { clock, deadlineMs: deadlines.closeMs, graceMs: 0 })
    const ended = await closing.result
    if (ended.kind !== 'done') {
      this.journal.report(failure('source.failed', { phase: 'close' }, 'error' in ended ? ended.error : undefined))
    }
    this.subscribers.close()
  }

  #conclude(outcome: Outcome, context: ReloadContext): void {
    if (outcome === 'committed') {
      this.#repairTimer.reset()
      this.#observer.onServing()
    }
    const wantsWord = mustBeConfirmed(context) && !context.isConfirmed
    const record = this.executor.conclude(outcome, context, wantsWord)
    this.#observer.onFinished(record, context.untried !== undefined)
    this.restore.note(record)
  }
}
