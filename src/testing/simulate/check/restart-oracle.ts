import type { TransactionRecord } from '../../../model/record.ts'
import type { ReloaderStatus } from '../../../api/status.ts'
import type { Breach } from './invariants.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** What a person has asked for, or what keeps up what serves, goes on while changes are held. */
const freeTriggers = new Set(['repair', 'restore', 'revert'])

/** The source's own changes and reads: nobody has asked for this document in particular. */
const sourceTriggers = new Set(['change', 'reload'])

/** Causes that may pass, for which a document may be tried again by itself. */
const mayPass = /-timeout$|^module\.stuck$|^module\.unsettled$|^internal\.error$/

const triedStates = new Set(['preparing', 'committing', 'completing', 'soaking', 'confirming'])

/** What was asked of a reloader. */
export type Asked = 'reload' | 'freeze' | 'unfreeze' | 'revert' | 'retry' | 'release' | 'confirm'

/**
 * What a person may rely on from one transaction to the next, and from one process to the next: a freeze holds, a config
 * that failed is not tried again, what was proved is what a restart serves. Where the simulation cannot know, it says nothing.
 */
export class Expectations {
  readonly #scenario: Pick<Scenario, 'persists' | 'confirmMs'>
  readonly #breach: Breach
  /** Digests of configs that failed for good, and when. */
  #failed = new Map<string, number>()
  /** The last known good on the disk; undefined where there is none or where that cannot be known. */
  #lastKnownGood: { readonly digest: string; readonly at: number } | undefined
  /** Transactions after this one were begun while changes were held. */
  #frozenAfter: number | undefined
  #frozenAt: number | undefined
  /** The process before this one was frozen. */
  #wasFrozen = false
  /** The first record of this process must be a restore of this config. */
  #restores: string | undefined
  /** The process before this one died in a try, which this one must have counted by its first record. */
  #diedTrying = false
  #hasServed = false
  /** A last known good could not be restored in this process: where none can, the freeze is lifted. */
  #mayBeLifted = false
  #isReverting = false
  #lastEpoch = 0
  readonly #confirmed = new Set<string>()

  constructor(scenario: Pick<Scenario, 'persists' | 'confirmMs'>, breach: Breach) {
    this.#scenario = scenario
    this.#breach = breach
  }

  /** A person is about to ask. */
  asks(what: Asked, status: ReloaderStatus): void {
    switch (what) {
      case 'freeze':
        return
      case 'revert':
        this.#isReverting = true
        this.#lastKnownGood = undefined // it may end in either
        return
      case 'unfreeze':
        this.#frozenAfter = undefined
        this.#wasFrozen = false
        return
      case 'retry':
      case 'release':
        this.#failed.clear()
        return
      case 'confirm':
        if (status.confirmation !== undefined) this.#confirmed.add(status.confirmation.transaction)
        return
      case 'reload':
    }
  }

  /** The reloader says that changes are held from now on; `running` is the transaction that ran when that was asked. */
  holds(running: number, now: number): void {
    this.#frozenAfter ??= running
    this.#frozenAt = now
  }

  /** The last transaction that has ended; the one after it, where one runs. */
  latest(isResting: boolean): number {
    return isResting ? this.#lastEpoch : this.#lastEpoch + 1
  }

  /** A terminal record is written; `calls` are those that were made of modules for it. */
  recorded(record: TransactionRecord, calls: number, now: number): void {
    const { epoch, trigger, digest, outcome } = record
    this.#onFirst(record)
    if (trigger === 'restore' && outcome !== 'committed') this.#mayBeLifted = true
    if (this.#frozenAfter !== undefined && epoch > this.#frozenAfter && !freeTriggers.has(trigger)) {
      this.#breach('freeze', `a ${trigger} was begun while changes are held`)
    }
    const isHeld = digest !== undefined && this.#failed.has(digest) && this.#hasServed
    if (isHeld && calls > 0 && sourceTriggers.has(trigger)) {
      this.#breach('quarantine', `a config that had failed is tried again by a ${trigger}`)
    }
    if (outcome === 'rolled-back' && this.#hasServed && trigger !== 'repair' && digest !== undefined) {
      const [{ code, cause }] = record.failures
      if (!mayPass.test(code) && cause?.code === undefined) this.#failed.set(digest, now)
    }
    if (outcome === 'committed') this.#onCommitted(record, now)
    this.#lastEpoch = epoch
    if (trigger === 'revert') this.#isReverting = false
  }

  #onCommitted({ id, epoch, trigger, digest }: TransactionRecord, now: number): void {
    const needsWord = this.#scenario.confirmMs !== undefined && this.#hasServed && sourceTriggers.has(trigger)
    if (needsWord && !this.#confirmed.has(id)) this.#breach('confirm', `${id} holds, and nobody has confirmed it`)
    this.#hasServed = true
    if (digest === undefined) return
    this.#failed.delete(digest)
    if (trigger !== 'restore') this.#lastKnownGood = { digest, at: now }
    else if (this.#lastKnownGood?.digest !== digest) this.#lastKnownGood = undefined
    if (trigger === 'restore' && this.#wasFrozen) {
      this.#frozenAfter = epoch
      this.#wasFrozen = false
    }
  }

  #onFirst({ trigger, digest }: TransactionRecord): void {
    if (this.#restores !== undefined && (trigger !== 'restore' || (digest ?? this.#restores) !== this.#restores)) {
      this.#breach('last known good', `after a restart a ${trigger} of another config comes before the last known good`)
    }
    if (this.#diedTrying) this.#breach('attempt', 'a process died in a try, and the next one does not know of it')
    this.#restores = undefined
    this.#diedTrying = false
    // No good one could serve: then the freeze is lifted, and the source asked.
    if (trigger !== 'restore') this.#wasFrozen = false
  }

  /** A death in a try is told by the process that comes after. */
  heardOfDeath(): void {
    this.#diedTrying = false
  }

  /** The process dies. In the midst of a call, what it did at this very moment may not be on the disk. */
  died({ state, degraded }: ReloaderStatus, calls: number, now: number, isInCall: boolean): void {
    if (isInCall) {
      for (const [digest, at] of this.#failed) if (at === now) this.#failed.delete(digest)
      if (this.#frozenAt === now) this.#frozenAfter = undefined
      if (this.#lastKnownGood?.at === now) this.#lastKnownGood = undefined
    }
    if (this.#mayBeLifted && !this.#hasServed) this.#wasFrozen = false
    const isTry = triedStates.has(state) && calls > 0 && !this.#isReverting && degraded.length === 0
    // The first of a process may be a restore, which is none.
    this.#diedTrying = this.#persists && isTry && this.#hasServed && this.#lastKnownGood !== undefined
    if (state === 'promoting') this.#lastKnownGood = undefined
  }

  get #persists(): boolean {
    return this.#scenario.persists === true
  }

  /** A new process starts. */
  booted(): void {
    if (!this.#persists) {
      this.#failed.clear() // without a journal digests have another key each time
      this.#lastKnownGood = undefined
      this.#diedTrying = false
    }
    const { digest } = this.#lastKnownGood ?? {}
    // One that died of its last known good, or had it taken back, tries another one first.
    const isSure = digest !== undefined && !this.#failed.has(digest) && this.#scenario.confirmMs === undefined
    this.#restores = isSure ? digest : undefined
    this.#wasFrozen = this.#persists && (this.#wasFrozen || this.#frozenAfter !== undefined)
    this.#frozenAfter = undefined
    this.#hasServed = false
    this.#mayBeLifted = false
    this.#isReverting = false
    this.#lastEpoch = 0
  }
}
