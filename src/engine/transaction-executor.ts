import type { Ending, ReloadContext, RollBackVerdict } from '../../machines/index.ts'
import type { EventBus } from '../transaction/event-bus.ts'
import type { TransactionRecorder } from '../transaction/transaction-recorder.ts'
import { failure } from '../model/failure.ts'
import type { Outcome, TransactionRecord, Trigger } from '../model/record.ts'
import type { Phases } from '../apply/phases.ts'
import { Transaction } from '../transaction/transaction.ts'
import type { Safety } from '../safety/safety.ts'
import type { Settings } from '../settings/settings.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ServingStore } from '../modules/serving-store.ts'
import type { Subscriptions } from '../transaction/subscriptions.ts'

export interface ExecutorDeps {
  readonly settings: Settings
  readonly store: ServingStore
  readonly runner: Phases
  readonly journal: TransactionRecorder
  readonly subscribers: Subscriptions
  readonly safety: Safety
  readonly announcer: EventBus
}

/** Does what the reload machine has decided for the transaction that runs. */
export class TransactionExecutor {
  readonly #parts: ExecutorDeps
  #transaction: Transaction
  #lastKnownGood: Snapshot | undefined

  constructor(parts: ExecutorDeps) {
    this.#parts = parts
    this.#transaction = new Transaction('none', 0, parts.settings.clock)
  }

  /** The transaction that runs, or that ran last. */
  get transaction(): Transaction {
    return this.#transaction
  }

  get lastKnownGood(): Snapshot | undefined {
    return this.#lastKnownGood
  }

  /** The transaction of this epoch, begun where it is a new one. */
  begin(epoch: number, trigger: Trigger, onBegun: (epoch: number, trigger: Trigger) => void): Transaction {
    if (this.#transaction.epoch !== epoch) {
      const { settings, announcer } = this.#parts
      const { idPrefix, clock } = settings
      this.#transaction = new Transaction(`${idPrefix}-${epoch}`, epoch, clock, announcer)
      this.#transaction.trigger = trigger
      announcer.began(this.#transaction)
      onBegun(epoch, trigger)
    }
    return this.#transaction
  }

  commit(): boolean {
    const { store, runner, subscribers, settings } = this.#parts
    const transaction = this.#transaction
    const previous = store.snapshot?.config
    if (!runner.commit(transaction)) return false
    transaction.committedAt = settings.clock.monotonic()
    subscribers.notify(transaction.snapshot?.config, previous, { transaction: transaction.id, direction: 'forward' })
    return true
  }

  /** What is left of the time in which the transaction may be confirmed, in milliseconds. */
  get confirmLeftMs(): number {
    const { confirm, clock } = this.#parts.settings
    const { committedAt } = this.#transaction
    if (confirm === undefined || committedAt === undefined) return 0
    return Math.max(0, committedAt + confirm.withinMs - clock.monotonic())
  }

  /** The end of that time by the wall clock. */
  get confirmUntil(): number {
    const { startedAt, committedAt, begunAt } = this.#transaction
    return Math.round(startedAt + (committedAt ?? begunAt) - begunAt + (this.#parts.settings.confirm?.withinMs ?? 0))
  }

  async rollBack(ending: Ending, hasServed: boolean): Promise<RollBackVerdict> {
    const { store, runner, subscribers, safety } = this.#parts
    const transaction = this.#transaction
    transaction.ending = ending
    const wasSwapped = transaction.isCommitted
    await runner.awaitAbandonedPrepare(transaction)
    runner.rollBack(transaction)
    if (wasSwapped) {
      const context = { transaction: transaction.id, direction: 'back' } as const
      subscribers.notify(store.snapshot?.config, transaction.snapshot?.config, context)
    }
    const degraded = await runner.undo(transaction)
    const untried = safety.untilOf(transaction, hasServed)
    return { kind: 'done', degraded, ...(untried === undefined ? {} : { untried }) }
  }

  /** The transaction has held: its snapshot is the last known good, on disk too where a store is given. */
  async promote(): Promise<void> {
    const { snapshot } = this.#transaction
    if (snapshot !== undefined) await this.#parts.safety.promote(snapshot)
  }

  fail(...made: Parameters<typeof failure>): void {
    this.#transaction.fail(failure(...made))
  }

  /** Gives back what the transaction leaves over, learns from it, and writes its record. */
  conclude(outcome: Outcome, context: ReloadContext, wantsWord: boolean): TransactionRecord {
    const { runner, journal, safety } = this.#parts
    const transaction = this.#transaction
    const { snapshot } = transaction
    if (snapshot !== undefined && outcome === 'unchanged') this.#noteUnchanged(snapshot)
    if (snapshot !== undefined && outcome === 'committed') this.#noteGood(snapshot, context)
    // A first config that is not proved serves too: what fails beside it can be released like any other.
    safety.conclude(transaction, outcome, context.hasServed || context.soakFailed, wantsWord)
    safety.expect(transaction, context.untried)
    if (outcome === 'committed') runner.prove()
    const record = journal.conclude(transaction, outcome, context)
    runner.finish(transaction)
    return record
  }

  #noteUnchanged(snapshot: Snapshot): void {
    const { store, safety } = this.#parts
    store.noteRevision(snapshot)
    if (this.#lastKnownGood?.config !== snapshot.config) return
    this.#lastKnownGood = snapshot
    safety.goodHistory.renew(snapshot)
  }

  #noteGood(snapshot: Snapshot, { persists, trigger }: ReloadContext): void {
    const { safety } = this.#parts
    this.#lastKnownGood = snapshot
    if (trigger === 'restore') safety.goodHistory.renew(snapshot)
    // Where a store is given it has been promoted in a state of its own, which waits for the disk.
    else if (!persists) void safety.promote(snapshot)
  }
}
