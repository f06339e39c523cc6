import { createActor, fromPromise } from 'xstate'
import {
  type Candidate,
  type Ending,
  type EpochInput,
  type ReadVerdict,
  type ReloadContext,
  type ReloadEvent,
  type RollBackVerdict,
  reloadMachine,
  type StepVerdict,
  type ValidateVerdict,
} from '../machines/index.ts'
import { RepairTimer } from './backoff.ts'
import { bounded } from './bounded.ts'
import { Examiner, type ExamineInput, type FetchInput } from './examiner.ts'
import { Follower } from './follower.ts'
import { Journal } from './journal.ts'
import { failure } from './model/errors.ts'
import type { Outcome, TransactionRecord } from './model/record.ts'
import type { Settings } from './settings.ts'
import type { Registry } from './registry.ts'
import { Runner } from './runner/runner.ts'
import { runtimeOf } from './runner/runtime.ts'
import { Transaction } from './runner/transaction.ts'
import type { Snapshot } from './snapshot.ts'
import { SourceReader } from './source-reader.ts'
import { stateName } from './state-name.ts'
import type { Store } from './store/store.ts'
import { Subscribers } from './subscribers.ts'
import { Validator } from './validate.ts'

const done = (isDone: boolean): StepVerdict => ({ kind: isDone ? 'done' : 'failed' })

/** Who hears what the engine does; the face, which turns it into promises. */
export interface EngineObserver {
  /** A read begins for this transaction. */
  readonly onRead: (epoch: number) => void
  /** A config serves and all modules have taken it; a soak may still follow. */
  readonly onServing: () => void
  readonly onConcluded: (record: TransactionRecord) => void
  readonly onClosed: () => void
}

/** Gives the reload machine its hands: each actor here does what the machine has decided, and answers with a verdict. */
export class Engine {
  readonly validator: Validator
  readonly journal: Journal
  readonly subscribers: Subscribers
  readonly follower: Follower
  readonly runner: Runner
  readonly #settings: Settings
  readonly #store: Store
  readonly #examiner: Examiner
  readonly #observer: EngineObserver
  readonly #actor
  readonly #repairTimer: RepairTimer
  #transaction: Transaction
  #lastGood: Snapshot | undefined
  #state = 'idle'
  #since: number

  constructor(settings: Settings, registry: Registry, store: Store, observer: EngineObserver) {
    const { clock, random, logger } = settings
    this.#settings = settings
    this.#store = store
    this.#observer = observer
    this.#since = clock.now()
    this.#repairTimer = new RepairTimer(settings.repair, random)
    this.#transaction = new Transaction('none', 0, clock)
    this.journal = new Journal(logger)
    this.validator = new Validator(settings)
    this.subscribers = new Subscribers(this.journal.report)
    const reader = new SourceReader(settings)
    this.#examiner = new Examiner(registry, store, reader, this.validator)
    this.follower = new Follower(
      settings,
      reader,
      (candidate, from) => this.#offer(candidate, from),
      this.journal.report,
    )
    const runtime = runtimeOf(settings, this.journal.report, () => this.#send({ type: 'module.settled' }))
    this.runner = new Runner(registry, store, runtime, settings.soak)
    this.#actor = this.#createActor()
  }

  start(): void {
    this.#actor.start()
    this.follower.start()
  }

  requestReload(): void {
    this.#send({ type: 'reload.requested' })
  }

  /** An engine that was never started goes the same way: its machine is started to be closed. */
  requestClose(isStarted: boolean): void {
    this.follower.stop()
    if (this.#actor.getSnapshot().status === 'error') {
      void this.#close().then(this.#observer.onClosed) // no machine is left to decide it
      return
    }
    if (!isStarted) this.#actor.start()
    this.#send({ type: 'close.requested' })
  }

  /** The name of the state, and the wall-clock time of entering it. */
  get state(): { readonly state: string; readonly since: number } {
    return { state: this.#state, since: this.#since }
  }

  get context(): ReloadContext {
    return this.#actor.getSnapshot().context
  }

  get lastGood(): Snapshot | undefined {
    return this.#lastGood
  }

  #send(event: ReloadEvent): void {
    // A late apply may settle after the close; XState would warn of it on the console.
    if (this.#actor.getSnapshot().status === 'active') this.#actor.send(event)
  }

  #offer(candidate: Candidate, from: 'stream' | 'read'): void {
    const { seen } = this.context
    // A stream that still tells of a lineage which a read has found gone: a reason to read, never to apply.
    const isForeign = from === 'stream' && seen !== undefined && seen.lineage !== candidate.revision.lineage
    if (isForeign) return this.follower.recheck()
    // From the tick to the end of the soak, the last known good document coming back ends the soak.
    const maySoak = ['committing', 'completing', 'soaking'].includes(this.#state)
    const offered = maySoak ? this.#examiner.recognize(candidate, this.#lastGood) : candidate
    this.#send({ type: 'source.changed', candidate: offered })
  }

  #createActor() {
    const { clock, soak } = this.#settings
    const provided = reloadMachine.provide({
      actors: {
        readDocument: fromPromise<ReadVerdict, FetchInput>(({ input, signal }) => {
          const transaction = this.#begin(input.epoch)
          this.#observer.onRead(input.epoch)
          return this.#examiner.fetch(transaction, input, signal)
        }),
        validateDocument: fromPromise<ValidateVerdict, ExamineInput>(({ input, signal }) =>
          this.#examiner.examine(this.#begin(input.epoch), input, signal),
        ),
        prepareModules: fromPromise<StepVerdict, EpochInput>(async ({ signal }) =>
          done(await this.runner.prepare(this.#transaction, signal)),
        ),
        commitModules: fromPromise<StepVerdict, EpochInput>(async () => done(this.#commit())),
        completeModules: fromPromise<StepVerdict, EpochInput>(async () =>
          done(await this.runner.complete(this.#transaction)),
        ),
        soakModules: fromPromise<StepVerdict, EpochInput>(async ({ signal }) => {
          this.#observer.onServing()
          return done(await this.runner.soak(this.#transaction, signal))
        }),
        rollBackModules: fromPromise<RollBackVerdict, EpochInput & { readonly ending: Ending }>(() => this.#rollBack()),
        closeModules: fromPromise<void, EpochInput>(() => this.#close()),
      },
      actions: {
        conclude: ({ context }, { outcome }) => this.#conclude(outcome, context),
        reportBroken: ({ event }) => {
          const { error } = event as { error?: unknown }
          this.#transaction.fail(failure('internal.error', {}, error))
        },
      },
      delays: { repairBackoff: ({ context }) => this.#repairTimer.leftMs(context.repairs, clock.monotonic()) },
    })
    const actor = createActor(provided, { clock, input: { soaks: soak.durationMs > 0 } })
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

  #begin(epoch: number): Transaction {
    if (this.#transaction.epoch !== epoch) {
      this.#transaction = new Transaction(`${this.#settings.idPrefix}-${epoch}`, epoch, this.#settings.clock)
    }
    return this.#transaction
  }

  #commit(): boolean {
    const transaction = this.#transaction
    const previous = this.#store.snapshot?.config
    if (!this.runner.commit(transaction)) return false
    const context = { transaction: transaction.id, direction: 'forward' } as const
    this.subscribers.notify(transaction.snapshot?.config, previous, context)
    return true
  }

  async #rollBack(): Promise<RollBackVerdict> {
    const transaction = this.#transaction
    const wasSwapped = transaction.isSwapped
    await this.runner.givePrepareUp(transaction)
    this.runner.swapBack(transaction)
    if (wasSwapped) {
      const context = { transaction: transaction.id, direction: 'back' } as const
      this.subscribers.notify(this.#store.snapshot?.config, transaction.snapshot?.config, context)
    }
    const degraded = await this.runner.undo(transaction)
    return { kind: 'done', degraded, isUntried: transaction.isUntried }
  }

  async #close(): Promise<void> {
    const { source, clock, deadlines } = this.#settings
    await this.runner.closeAll()
    const closing = bounded(() => source.close?.(), { clock, deadlineMs: deadlines.closeMs, graceMs: 0 })
    const ended = await closing.result
    if (ended.kind !== 'done') {
      this.journal.report(failure('source.failed', { phase: 'close' }, 'error' in ended ? ended.error : undefined))
    }
    this.subscribers.close()
  }

  #conclude(outcome: Outcome, context: ReloadContext): void {
    const transaction = this.#transaction
    const { snapshot } = transaction
    if (outcome === 'unchanged' && snapshot !== undefined) {
      this.#store.noteRevision(snapshot)
      if (this.#lastGood?.config === snapshot.config) this.#lastGood = snapshot
    }
    if (outcome === 'committed') {
      this.#lastGood = snapshot
      this.#repairTimer.reset()
      this.#observer.onServing()
    }
    this.runner.finish(transaction)
    const record = this.journal.conclude(transaction, outcome, context)
    this.#observer.onConcluded(record)
  }
}
