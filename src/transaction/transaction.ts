import type { Ending } from '../../machines/reload/types.ts'
import type { Clock } from '../api/clock.ts'
import type { Candidate } from '../model/candidate.ts'
import type { ErrorCode, Failure } from '../model/failure.ts'
import type { ModuleRecord, Trigger } from '../model/record.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from '../modules/generation.ts'
import type { Commit, RollbackFailure } from '../modules/serving-store.ts'
import { type OnPhase, PhaseTimings } from './phase-timings.ts'
import { noSteps, type Plan, type Step } from './plan.ts'

/** What a stage that works on modules may look at. */
export interface ModuleWork {
  readonly plan: Plan
  /** The name of the revision, for failures. */
  readonly revision: { readonly revision?: string }
  readonly timings: PhaseTimings
}

export interface TransactionStart {
  readonly id: string
  readonly epoch: number
  readonly trigger: Trigger
  readonly clock: Clock
  readonly onPhase?: OnPhase
}

const busyCodes = new Set<ErrorCode>(['module.unsettled', 'module.stuck'])

const nothingStaged: ReadonlyMap<string, GenerationRecord> = new Map()

/**
 * One attempt, from a document to an outcome: what its stages have answered so far. Each stage returns its result, and
 * the executor notes it here with the method of that stage.
 */
export class Transaction implements ModuleWork {
  readonly id: string
  readonly epoch: number
  readonly trigger: Trigger
  /** Wall-clock time. */
  readonly startedAt: number
  readonly timings: PhaseTimings
  readonly #failures: Failure[] = []
  #candidate: Candidate | undefined
  #snapshot: Snapshot | undefined
  #plan: Plan = noSteps
  #staged = nothingStaged
  #commit: Commit | undefined
  #committedAtMs: number | undefined
  #applied: readonly Step[] = []
  #ending: Ending | undefined
  #rollbackFailures: readonly string[] = []

  constructor({ id, epoch, trigger, clock, onPhase }: TransactionStart) {
    this.id = id
    this.epoch = epoch
    this.trigger = trigger
    this.startedAt = clock.now()
    this.timings = new PhaseTimings(clock, onPhase)
  }

  get candidate(): Candidate | undefined {
    return this.#candidate
  }

  /** What it would serve; set once validated. */
  get snapshot(): Snapshot | undefined {
    return this.#snapshot
  }

  get plan(): Plan {
    return this.#plan
  }

  /** The next generations, by module; empty once `release` was called. */
  get staged(): ReadonlyMap<string, GenerationRecord> {
    return this.#staged
  }

  /** What the commit switched; undefined before it, after a rollback, and once `release` was called. */
  get commit(): Commit | undefined {
    return this.#commit
  }

  /** When it was committed, in milliseconds since it began. */
  get committedAtMs(): number | undefined {
    return this.#committedAtMs
  }

  /** The compensating modules that were called, in order. */
  get applied(): readonly Step[] {
    return this.#applied
  }

  /** Why it is rolled back, if it is. */
  get ending(): Ending | undefined {
    return this.#ending
  }

  /** The modules whose rollback threw. */
  get rollbackFailures(): readonly string[] {
    return this.#rollbackFailures
  }

  /** First cause first. */
  get failures(): readonly Failure[] {
    return this.#failures
  }

  get revision(): { readonly revision?: string } {
    const name = this.#candidate?.revision.name
    return name === undefined ? {} : { revision: name }
  }

  /** True if only busy modules stood in the way, so that the document deserves another try. */
  get wasBusy(): boolean {
    return this.#failures.length > 0 && this.#failures.every(({ code }) => busyCodes.has(code))
  }

  /** Starts validating a document. What is known of one that it replaces does not hold for it. */
  beginValidation(candidate: Candidate | undefined): void {
    this.#candidate = candidate
    this.#failures.length = 0
    this.#snapshot = undefined
    this.#plan = noSteps
  }

  noteValidated(snapshot: Snapshot | undefined, plan: Plan, failures: readonly Failure[]): void {
    this.#snapshot = snapshot
    this.#plan = plan
    this.#failures.push(...failures)
  }

  notePrepared(staged: ReadonlyMap<string, GenerationRecord>, failures: readonly Failure[]): void {
    this.#staged = staged
    this.#failures.push(...failures)
  }

  noteCommitted(commit: Commit, atMs: number): void {
    this.#commit = commit
    this.#committedAtMs = atMs
  }

  noteApplied(applied: readonly Step[], failures: readonly Failure[]): void {
    this.#applied = applied
    this.#failures.push(...failures)
  }

  noteEnding(ending: Ending): void {
    this.#ending = ending
  }

  /** After a commit that threw, and after a rollback: what served before serves again, but for these. */
  noteRolledBack(failures: readonly RollbackFailure[]): void {
    this.#commit = undefined
    this.#rollbackFailures = [...this.#rollbackFailures, ...failures.map(({ module }) => module)]
    this.#failures.push(...failures.map(({ failure }) => failure))
  }

  fail(...failures: readonly Failure[]): void {
    this.#failures.push(...failures)
  }

  /** Lets go of generations: whatever remembers a transaction would keep all of them. What its record needs stays. */
  release(): void {
    this.#commit = undefined
    this.#staged = nothingStaged
  }

  /** Its modules for the record, in dependency order. */
  moduleRecords(): ModuleRecord[] {
    return moduleRecordsOf(this)
  }
}

/** The modules of a plan for a record, in dependency order. */
export const moduleRecordsOf = ({ plan, timings }: ModuleWork): ModuleRecord[] =>
  [...plan.values()].map(({ module, change }) => ({
    module: module.name,
    change,
    after: module.after,
    phases: timings.of(module.name),
  }))
