import type { Ending } from '../../machines/reload/types.ts'
import type { Clock } from '../api/clock.ts'
import type { Candidate } from '../model/candidate.ts'
import type { ErrorCode, Failure } from '../model/failure.ts'
import type { ModuleRecord, Trigger, Unattended } from '../model/record.ts'
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

/** What the validation of a document has found. */
export interface Validated {
  /** Undefined if the document is no config. */
  readonly snapshot: Snapshot | undefined
  /** Empty unless the document is to be applied. */
  readonly plan: Plan
  /** True if its config serves already and only its modules are prepared again. */
  readonly isRefresh: boolean
  /** The name under which a rejected document is quarantined that may be accepted later. */
  readonly retryKey?: string
  /** Finds the changes on which no module acts: only the record needs them, and that can wait until after the commit. */
  readonly findUnattended: (() => Unattended) | undefined
  readonly failures: readonly Failure[]
}

const busyCodes = new Set<ErrorCode>(['module.unsettled', 'module.stuck'])

const nothingUnattended = (): Unattended => ({})

const nothingStaged: ReadonlyMap<string, GenerationRecord> = new Map()

/**
 * One attempt, from a document to an outcome: what its stages have answered so far. Each stage returns its result; only
 * the executor writes it down here, with one method for each stage.
 */
export class Transaction implements ModuleWork {
  readonly id: string
  readonly epoch: number
  readonly trigger: Trigger
  /** Wall-clock time. */
  readonly startedAt: number
  readonly timings: PhaseTimings
  candidate: Candidate | undefined
  /** What it would serve; set once validated. */
  snapshot: Snapshot | undefined
  plan: Plan = noSteps
  /** True if its config serves already and only its modules are prepared again. */
  isRefresh = false
  /** The name under which it is quarantined if it was rejected but may be accepted later. */
  retryKey: string | undefined
  /** Finds the changes on which no module acts. */
  findUnattended = nothingUnattended
  /** The next generations, by module; empty once `release` was called. */
  staged = nothingStaged
  /** What the commit switched; undefined before it, after a rollback, and once `release` was called. */
  commit: Commit | undefined
  /** When it was committed, in milliseconds since it began. */
  committedAtMs: number | undefined
  /** The compensating modules that were called, in order. */
  applied: readonly Step[] = []
  /** Why it is rolled back, if it is. */
  ending: Ending | undefined
  /** The modules whose rollback threw. */
  rollbackFailures: readonly string[] = []
  /** First cause first. */
  readonly failures: Failure[] = []

  constructor({ id, epoch, trigger, clock, onPhase }: TransactionStart) {
    this.id = id
    this.epoch = epoch
    this.trigger = trigger
    this.startedAt = clock.now()
    this.timings = new PhaseTimings(clock, onPhase)
  }

  get revision(): { readonly revision?: string } {
    const name = this.candidate?.revision.name
    return name === undefined ? {} : { revision: name }
  }

  /** True if a compensating module changes. */
  get compensates(): boolean {
    for (const { slot } of this.plan.values()) if (slot.compensates) return true
    return false
  }

  /** True if only busy modules stood in the way, so that the document deserves another try. */
  get wasBusy(): boolean {
    return this.failures.length > 0 && this.failures.every(({ code }) => busyCodes.has(code))
  }

  /** Starts validating a document. What is known of one that it replaces does not hold for it. */
  beginValidation(candidate: Candidate | undefined): void {
    this.candidate = candidate
    this.failures.length = 0
    this.snapshot = undefined
    this.plan = noSteps
    this.isRefresh = false
    this.retryKey = undefined
    this.findUnattended = nothingUnattended
  }

  noteValidated(found: Validated): void {
    this.snapshot = found.snapshot
    this.plan = found.plan
    this.isRefresh = found.isRefresh
    this.retryKey = found.retryKey
    this.findUnattended = found.findUnattended ?? nothingUnattended
    this.fail(...found.failures)
  }

  notePrepared(staged: ReadonlyMap<string, GenerationRecord>, failures: readonly Failure[]): void {
    this.staged = staged
    this.fail(...failures)
  }

  noteCommitted(commit: Commit, atMs: number): void {
    this.commit = commit
    this.committedAtMs = atMs
  }

  noteApplied(applied: readonly Step[], failures: readonly Failure[]): void {
    this.applied = applied
    this.fail(...failures)
  }

  noteEnding(ending: Ending): void {
    this.ending = ending
  }

  /** After a commit that threw, and after a rollback: what served before serves again, but for these. */
  noteRolledBack(failures: readonly RollbackFailure[]): void {
    this.commit = undefined
    this.rollbackFailures = [...this.rollbackFailures, ...failures.map(({ module }) => module)]
    this.fail(...failures.map(({ failure }) => failure))
  }

  fail(...failures: readonly Failure[]): void {
    this.failures.push(...failures)
  }

  /** Lets go of generations: whatever remembers a transaction would keep all of them. What its record needs stays. */
  release(): void {
    this.commit = undefined
    this.staged = nothingStaged
    this.findUnattended = nothingUnattended
  }

  /** Its modules for the record, in dependency order. */
  moduleRecords(): ModuleRecord[] {
    return [...this.plan.values()].map(({ module, change }) => ({
      module: module.name,
      change,
      after: module.after,
      phases: this.timings.of(module.name),
    }))
  }
}
