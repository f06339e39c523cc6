import type {
  CommitVerdict,
  Ending,
  ReadVerdict,
  ReloadContext,
  RollBackVerdict,
  StepVerdict,
  ValidateVerdict,
  ValidationInput,
} from '../../machines/index.ts'
import type { Clock } from '../api/clock.ts'
import type { Phases } from '../apply/phases.ts'
import type { Cancellable } from '../async/deadline.ts'
import { andThen } from '../async/thenable.ts'
import type { Candidate } from '../model/candidate.ts'
import type { Failure } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'
import type { Outcome, TransactionRecord, Trigger } from '../model/record.ts'
import type { Revision } from '../model/revision.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { CommitResult, ServingStore } from '../modules/serving-store.ts'
import type { Safety } from '../safety/safety.ts'
import type { EventBus } from '../transaction/event-bus.ts'
import type { Subscriptions } from '../transaction/subscriptions.ts'
import { Transaction } from '../transaction/transaction.ts'
import type { TransactionRecorder } from '../transaction/transaction-recorder.ts'
import type { RefreshRequests } from './refresh-requests.ts'
import type { HasSignal } from '../validation/snapshot-builder.ts'
import type { Validation } from '../validation/validation.ts'

export interface ExecutorDeps {
  readonly clock: Clock
  /** Begins the ids of all transactions. */
  readonly idPrefix: string
  /** How long after the commit a confirmation may come, in milliseconds; undefined if none is asked for. */
  readonly confirmWithinMs: number | undefined
  readonly store: ServingStore
  readonly validation: Validation
  readonly visibility: Visibility
  readonly safety: Safety
  readonly phases: Phases
  readonly subscriptions: Subscriptions
  readonly recorder: TransactionRecorder
  readonly events: EventBus
  readonly refreshes: RefreshRequests
  readonly onBegun: (epoch: number, trigger: Trigger) => void
}

const done = (isDone: boolean): StepVerdict => ({ kind: isDone ? 'done' : 'failed' })

/**
 * Does what the reload machine has decided for the running transaction: calls the stage, notes its result in the
 * transaction, and answers with a verdict.
 */
export class TransactionExecutor {
  readonly #deps: ExecutorDeps
  #transaction: Transaction
  #preparing: unknown
  #lastKnownGood: Snapshot | undefined

  constructor(deps: ExecutorDeps) {
    this.#deps = deps
    this.#transaction = new Transaction({ id: 'none', epoch: 0, trigger: 'change', clock: deps.clock })
  }

  /** The transaction that runs, or that ran last. */
  get transaction(): Readonly<Transaction> {
    return this.#transaction
  }

  get lastKnownGood(): Snapshot | undefined {
    return this.#lastKnownGood
  }

  async fetch(epoch: number, seen: Revision | undefined, signal: AbortSignal): Promise<ReadVerdict> {
    const transaction = this.#begin(epoch, 'reload')
    const result = await this.#deps.refreshes.fetch(seen, signal)
    if (result.kind === 'found') return result
    transaction.fail(result.failure)
    return { kind: 'failed' }
  }

  validate(input: ValidationInput, call: HasSignal): ValidateVerdict | Promise<ValidateVerdict> {
    const { store, validation, events, visibility } = this.#deps
    const transaction = this.#begin(input.epoch, input.trigger)
    transaction.beginValidation(input.candidate)
    const serving = store.snapshot?.config
    return andThen(validation.validate(input, call), (validated) => {
      transaction.noteValidated(validated)
      events.planned(transaction, serving, visibility)
      return validated.verdict
    })
  }

  /** Writes down that the config is tried, before any module is called. */
  async journal(mustBeConfirmed: boolean): Promise<StepVerdict> {
    await this.#deps.safety.begin(this.#transaction, mustBeConfirmed)
    return done(true)
  }

  prepare(call: Cancellable): StepVerdict | Promise<StepVerdict> {
    const transaction = this.#transaction
    const preparing = this.#deps.phases.prepare(transaction, call)
    const prepared = andThen(preparing, ({ isComplete, staged, failures }) => {
      transaction.notePrepared(staged, failures)
      return done(isComplete)
    })
    this.#preparing = prepared
    return prepared
  }

  /** Notes the commit that the serving store has just made, in the same turn. */
  noteCommit(result: CommitResult, startMs: number): CommitVerdict {
    const transaction = this.#transaction
    const { timings, plan } = transaction
    const endMs = timings.elapsedMs()
    const thrower = result.kind === 'failed' ? result.failure.module : undefined
    for (const name of plan.keys()) {
      timings.add(name, 'commit', startMs, endMs, name === thrower ? 'failed' : 'done')
      if (name === thrower) break // the modules after it were not called
    }
    if (result.kind === 'failed') {
      transaction.fail(result.failure)
      transaction.noteRolledBack(result.rollbackFailures)
      return done(false)
    }
    transaction.noteCommitted(result.commit, endMs)
    this.#notify(result.commit.previous?.snapshot, 'forward')
    return { kind: 'done', compensates: transaction.compensates }
  }

  async complete(): Promise<StepVerdict> {
    const transaction = this.#transaction
    const { applied, failures } = await this.#deps.phases.complete(transaction)
    transaction.noteApplied(applied, failures)
    return done(failures.length === 0)
  }

  /** @param isEndless goes on checking until a check fails or the signal aborts */
  async soak(signal: AbortSignal, isEndless = false): Promise<StepVerdict> {
    const transaction = this.#transaction
    const { hasHeld, failures } = await this.#deps.phases.soak(transaction, signal, isEndless)
    transaction.fail(...failures)
    return done(hasHeld)
  }

  /** Makes the snapshot the last known good, on disk too if a store is given. */
  async promote(): Promise<StepVerdict> {
    const { snapshot } = this.#transaction
    if (snapshot !== undefined) await this.#deps.safety.promote(snapshot)
    return done(true)
  }

  async rollBack(ending: Ending, hasServed: boolean): Promise<RollBackVerdict> {
    const transaction = this.#transaction
    transaction.noteEnding(ending)
    await this.#preparing // an abandoned one has its grace; what it has made until then is noted by `prepare`
    this.#rollBackGenerations(transaction)
    const degraded = await this.#undo(transaction)
    const untried = this.#deps.safety.untilOf(transaction, hasServed)
    return { kind: 'done', degraded, ...(untried === undefined ? {} : { untried }) }
  }

  /** Undoes compensating modules; returns all modules that may not serve the config. */
  async #undo(transaction: Transaction): Promise<readonly string[]> {
    const undoFailures = await this.#deps.phases.undo(transaction, transaction.applied)
    transaction.fail(...undoFailures.map(({ failure }) => failure))
    return [...new Set([...transaction.rollbackFailures, ...undoFailures.map(({ module }) => module)])]
  }

  #rollBackGenerations(transaction: Transaction): void {
    const { commit, timings } = transaction
    if (commit === undefined) return
    const startMs = timings.elapsedMs()
    const failures = this.#deps.store.rollBack(commit)
    const endMs = timings.elapsedMs()
    for (const { slot } of commit.switches) {
      const hasFailed = failures.some(({ module }) => module === slot.name)
      timings.add(slot.name, 'rollback', startMs, endMs, hasFailed ? 'failed' : 'done')
    }
    transaction.noteRolledBack(failures)
    this.#notify(transaction.snapshot, 'back')
  }

  readonly fail = (failed: Failure): void => this.#transaction.fail(failed)

  /** What is left of the time for a confirmation, in milliseconds. */
  get confirmLeftMs(): number {
    const { committedAtMs, timings } = this.#transaction
    const { confirmWithinMs } = this.#deps
    if (confirmWithinMs === undefined || committedAtMs === undefined) return 0
    return Math.max(0, committedAtMs + confirmWithinMs - timings.elapsedMs())
  }

  /** The end of that time by the wall clock. */
  get confirmUntil(): number {
    const { startedAt, committedAtMs = 0 } = this.#transaction
    return Math.round(startedAt + committedAtMs + (this.#deps.confirmWithinMs ?? 0))
  }

  /** Learns from the transaction, writes its record, and closes its leftovers. */
  finishTransaction(outcome: Outcome, context: ReloadContext, awaitsConfirmation: boolean): TransactionRecord {
    const { phases, recorder, safety } = this.#deps
    const transaction = this.#begin(context.epoch, context.trigger, context.candidate) // its work may not have begun
    const { snapshot } = transaction
    if (snapshot !== undefined && outcome === 'unchanged' && context.trigger !== 'trial') this.#noteUnchanged(snapshot)
    if (snapshot !== undefined && outcome === 'committed') this.#noteGood(snapshot, context)
    // A first config that has failed its soak serves too: what fails beside it can be released like any other.
    const hasServed = context.hasServed || context.soakFailed
    safety.learnFrom(transaction, { outcome, hasServed, awaitsConfirmation, untried: context.untried })
    if (outcome === 'committed') phases.markSoaked()
    const record = recorder.recordOutcome(transaction, outcome, context.degraded)
    phases.retireLeftovers(transaction)
    transaction.release()
    return record
  }

  #begin(epoch: number, trigger: Trigger, candidate?: Candidate): Transaction {
    if (this.#transaction.epoch === epoch) return this.#transaction
    const { idPrefix, clock, events, onBegun } = this.#deps
    const id = `${idPrefix}-${epoch}`
    const start = { id, epoch, trigger, clock, onPhase: events.onPhaseOf(id) }
    this.#transaction = Object.assign(new Transaction(start), { candidate })
    events.began(this.#transaction)
    onBegun(epoch, trigger)
    return this.#transaction
  }

  #notify(before: Snapshot | undefined, direction: 'forward' | 'back'): void {
    const { store, subscriptions } = this.#deps
    subscriptions.notify(store.snapshot?.config, before?.config, { transaction: this.#transaction.id, direction })
  }

  #noteUnchanged(snapshot: Snapshot): void {
    const { store, safety } = this.#deps
    store.noteRevision(snapshot)
    if (this.#lastKnownGood?.config !== snapshot.config) return
    this.#lastKnownGood = snapshot
    safety.renew(snapshot)
  }

  #noteGood(snapshot: Snapshot, { persists, trigger }: ReloadContext): void {
    const { safety, refreshes } = this.#deps
    this.#lastKnownGood = snapshot
    refreshes.settle(this.#transaction.candidate)
    if (trigger === 'restore') safety.renew(snapshot)
    // With a store it has been promoted in a state of its own, which waits for the disk.
    else if (!persists) void safety.promote(snapshot)
  }
}
