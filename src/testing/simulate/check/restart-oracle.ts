import type { ReloaderStatus } from '../../../api/status.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { OperatorCommand, Scenario } from '../scenario/scenario.ts'
import { DiskOracle } from './disk-oracle.ts'
import { QuarantineOracle, type TransactionFacts } from './quarantine-oracle.ts'
import type { Breach } from './run-log.ts'

/** Triggers of transactions that run although changes are frozen. */
const freezeExemptTriggers = new Set(['repair', 'restore', 'revert', 'secret'])

/** Triggers that the source causes, so that no operator chose this document. */
const sourceTriggers = new Set(['change', 'reload'])

/** Triggers of a refresh that was asked for while changes were frozen: it prepares what serves again. */
const refreshTriggers = new Set(['reload', 'retry', 'quarantine-expired'])

const attemptStates = new Set(['preparing', 'committing', 'completing', 'soaking', 'confirming'])

/**
 * Predicts what must hold from one transaction to the next and from one process to the next: a freeze persists, a config that
 * failed is not tried again, a restart serves the last known good. If it cannot know, it predicts nothing.
 */
export class RestartOracle {
  readonly #needsConfirmation: boolean
  readonly #breach: Breach
  readonly #disk: DiskOracle
  readonly #quarantine: QuarantineOracle
  /** The digest of the config that serves. */
  #serving: string | undefined
  #isRefreshing = false
  /** True if other processes live, or have lived, beside this one: each has stored what it knew. */
  #isBesideOthers = false
  /** Transactions with a greater epoch began while changes were frozen. */
  #frozenAfter: number | undefined
  #frozenAt: number | undefined
  /** True if the previous process was frozen. */
  #wasFrozen = false
  /** The digest of the config that the first transaction of this process must restore. */
  #mustRestore: string | undefined
  /** True if the previous process died in an attempt that this process must report before its first record. */
  #mustReportDeath = false
  #hasServed = false
  /** True if a restore has failed in this process. When no restore succeeds, the reloader lifts the freeze. */
  #hasRestoreFailed = false
  #isReverting = false
  #lastEpoch = 0
  readonly #confirmed = new Set<string>()

  /** @param disk what is known of the disk, which all processes share */
  constructor(scenario: Scenario, breach: Breach, disk = new DiskOracle(scenario)) {
    this.#needsConfirmation = scenario.confirmMs !== undefined
    this.#breach = breach
    this.#disk = disk
    this.#quarantine = new QuarantineOracle(breach, disk.permanent)
  }

  /** Returns the oracle of a process that starts while others live. */
  besideIt(breach: Breach, scenario: Scenario): RestartOracle {
    this.#disk.onShared()
    return new RestartOracle(scenario, breach, this.#disk)
  }

  /** Notes a command just before an operator gives it. */
  onCommand(command: OperatorCommand, status: ReloaderStatus): void {
    if (command === 'revert') {
      this.#isReverting = true
      this.#disk.onRevert()
    }
    if (command === 'unfreeze') {
      this.#frozenAfter = undefined
      this.#wasFrozen = false
    }
    if (command === 'retry' || command === 'release') this.#quarantine.release()
    if (command === 'refresh' || command === 'force') this.#isRefreshing = true
    if (command === 'confirm' && status.confirmation !== undefined) {
      this.#confirmed.add(status.confirmation.transaction)
    }
  }

  /** Notes that changes are frozen from now on. `epoch` is that of the transaction that ran when the command was given. */
  onFrozen(epoch: number, now: number): void {
    this.#frozenAfter ??= epoch
    this.#frozenAt = now
  }

  /** Returns the epoch of the running transaction, or of the last one if none runs. */
  currentEpoch(isResting: boolean): number {
    return isResting ? this.#lastEpoch : this.#lastEpoch + 1
  }

  /** Checks a terminal record. */
  onRecord(record: TransactionRecord, facts: TransactionFacts): void {
    const { epoch, trigger, outcome } = record
    this.#checkFirst(record)
    if (trigger === 'restore' && outcome !== 'committed') this.#hasRestoreFailed = true
    const isFrozen = this.#frozenAfter !== undefined && epoch > this.#frozenAfter
    if (isFrozen && !freezeExemptTriggers.has(trigger) && !this.#refreshesServing(record, facts)) {
      this.#breach('freeze', `a ${trigger} transaction began while changes were frozen`)
    }
    this.#quarantine.onRecord(record, facts, this.#serving)
    this.#disk.onRecord(record)
    if (outcome === 'committed') this.#onCommitted(record, facts.now)
    this.#lastEpoch = epoch
    if (trigger === 'revert') this.#isReverting = false
  }

  #refreshesServing({ trigger, digest }: TransactionRecord, { serving }: TransactionFacts): boolean {
    return this.#isRefreshing && refreshTriggers.has(trigger) && digest === serving
  }

  /** Checks, when no transaction runs, what `status()` says. */
  checkAtRest(status: ReloaderStatus): void {
    this.#quarantine.checkAtRest(status)
  }

  /** Notes that the wall clock was set. */
  onClockSet(): void {
    this.#quarantine.onClockSet()
  }

  /** Notes that the disk could not be read or written. */
  onDiskOutage(): void {
    this.#disk.onOutage()
  }

  #checkFirst({ trigger, digest }: TransactionRecord): void {
    const isRestored = trigger === 'restore' && (digest ?? this.#mustRestore) === this.#mustRestore
    if (this.#mustRestore !== undefined && !isRestored) {
      this.#breach('last known good', `after a restart, a ${trigger} of another config precedes the last known good`)
    }
    if (this.#mustReportDeath) {
      this.#breach('attempt', 'a process died in an attempt, and the next process did not report it')
    }
    this.#mustRestore = undefined
    this.#mustReportDeath = false
    // No last known good could serve, so the reloader has lifted the freeze and read the source.
    if (trigger !== 'restore') this.#wasFrozen = false
  }

  #onCommitted({ id, epoch, trigger, digest }: TransactionRecord, now: number): void {
    const isUnconfirmed = this.#needsConfirmation && this.#hasServed && sourceTriggers.has(trigger)
    if (isUnconfirmed && !this.#confirmed.has(id)) {
      this.#breach('confirm', `transaction ${id} is committed without a confirmation`)
    }
    this.#hasServed = true
    this.#serving = digest
    if (digest === undefined) return
    this.#quarantine.clear(digest)
    if (trigger !== 'restore') this.#disk.onPromoted(digest, now)
    else if (this.#disk.lastKnownGood?.digest !== digest) this.#disk.lastKnownGood = undefined
    if (trigger === 'restore' && this.#wasFrozen) {
      this.#frozenAfter = epoch
      this.#wasFrozen = false
    }
  }

  /** Notes that this process has reported that another one died in an attempt. */
  onDeathReported(): void {
    this.#mustReportDeath = false
    if (!this.#disk.mayHaveDeaths) this.#breach('attempt', 'a death in an attempt is reported, but no process has died')
  }

  /** Notes that the process dies. If it dies in a call, its writes of this very moment may not be on the disk. */
  onCrash({ state, degraded }: ReloaderStatus, calls: number, now: number, isInCall: boolean): void {
    if (isInCall) {
      this.#quarantine.onCrashInCall(now)
      if (this.#frozenAt === now) this.#frozenAfter = undefined
      if (this.#disk.lastKnownGood?.at === now) this.#disk.lastKnownGood = undefined
    }
    this.#disk.crashes += 1
    const isOther = this.#isReverting || this.#isRefreshing || degraded.length > 0
    const isAttempt = attemptStates.has(state) && calls > 0 && !isOther
    // The first transaction of a process may be a restore, which is not an attempt.
    this.#mustReportDeath =
      this.#disk.persists && isAttempt && this.#hasServed && this.#disk.lastKnownGood !== undefined
    if (state === 'promoting') this.#disk.lastKnownGood = undefined
  }

  /** Notes that a new process starts. `isAlone` is false if another one lives. */
  onBoot(isAlone: boolean): void {
    // Without a journal, each process has another key for digests. Of several journals, any may be the newest.
    const isKept = this.#disk.isKnown && isAlone && !this.#isBesideOthers
    this.#quarantine.onBoot(isKept)
    if (!isKept) this.#mustReportDeath = false
    this.#disk.onBoot(isAlone)
    const { digest } = this.#disk.lastKnownGood ?? {}
    const mayBeHeld =
      digest !== undefined && (this.#quarantine.hasFailed(digest) || (!isKept && this.#disk.hasFailed(digest)))
    // A process may first try another config if the last known good has failed or could not be confirmed.
    this.#mustRestore = mayBeHeld || this.#needsConfirmation ? undefined : digest
    const isLifted = this.#hasRestoreFailed && !this.#hasServed
    this.#wasFrozen = isKept && ((this.#wasFrozen && !isLifted) || this.#frozenAfter !== undefined)
    this.#frozenAfter = undefined
    this.#hasServed = false
    this.#hasRestoreFailed = false
    this.#isReverting = false
    this.#isRefreshing = false
    this.#isBesideOthers = !isAlone
    this.#serving = undefined
    this.#lastEpoch = 0
  }
}
