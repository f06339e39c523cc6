import type { Untried } from '../../machines/index.ts'
import { followsSource } from '../../machines/reload/guards.ts'
import { pastTime } from '../async/wall-time.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { Outcome } from '../model/record.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { ConfigAttempt, Frozen, Good, Journal } from '../persistence/persisted-state.ts'
import type { Persistence, PersistenceStatus } from '../persistence/persistence.ts'
import type { Settings } from '../settings/settings.ts'
import { failureFields } from '../transaction/log-fields.ts'
import type { Transaction } from '../transaction/transaction.ts'
import { CrashGuard } from './crash-guard.ts'
import { GoodHistory } from './good-history.ts'
import { Quarantine, refreshOf } from './quarantine.ts'
import { verdictOf } from './verdict-of.ts'

const withoutRevert = ({ revertTo: _, ...frozen }: Frozen): Frozen => frozen

/** What the end of a transaction is judged by, beside the transaction itself. */
export interface EndOfTransaction {
  readonly outcome: Outcome
  /** True if there is a config to fall back on. */
  readonly hasServed: boolean
  /** True if it still needed a confirmation. */
  readonly awaitsConfirmation: boolean
  readonly untried: Untried | undefined
}

/**
 * Learns from documents that failed and from those that held: the last known good and the ones before it, the
 * quarantine, the deaths of earlier runs, a freeze. Kept across restarts if a store is given.
 */
export class Safety {
  readonly goodHistory: GoodHistory
  readonly quarantine: Quarantine
  readonly #settings: Settings
  readonly #persistence: Persistence | undefined
  readonly #crashGuard: CrashGuard
  readonly #report: (failure: Failure) => void
  #digestKey: string
  #frozen: Frozen | undefined
  #untriedDigest: string | undefined

  constructor(
    settings: Settings,
    persistence: Persistence | undefined,
    report: (failure: Failure) => void,
    onExpired: () => void,
  ) {
    this.#settings = settings
    this.#persistence = persistence
    this.#report = report
    this.#digestKey = settings.digestKey
    this.goodHistory = new GoodHistory(settings.lastKnownGood?.encrypted === true)
    this.#crashGuard = new CrashGuard(settings.build, persistence?.others.processes.self)
    this.quarantine = new Quarantine(settings.quarantine, settings, onExpired)
  }

  /** True if the last known good is kept across restarts. */
  get persists(): boolean {
    return this.#persistence !== undefined
  }

  /** Undefined without a store. */
  get persistenceStatus(): PersistenceStatus | undefined {
    return this.#persistence?.status()
  }

  /** The key of all digests; that of earlier runs once `load` has ended. */
  get digestKey(): string {
    return this.#digestKey
  }

  get frozen(): Frozen | undefined {
    const frozen = this.#frozen
    if (frozen === undefined) return undefined
    return { ...frozen, since: pastTime(frozen.since, this.#settings.clock.now()) }
  }

  /** Loads what earlier runs have kept, and counts their deaths. Never rejects. */
  async load(): Promise<void> {
    const persistence = this.#persistence
    if (persistence === undefined) return
    const { goods, journal, hasAdopted } = await persistence.load()
    const now = this.#settings.clock.now()
    this.goodHistory.load(goods, now)
    const died = journal === undefined ? [] : this.#takeOver(journal, persistence, now)
    for (const attempt of died) this.#judge(attempt)
    if (died.length > 0 || hasAdopted) await this.#save()
    if (hasAdopted && (await persistence.saveGoods(this.goodHistory.goods))) await persistence.others.discardAdopted()
  }

  /** Returns the attempts in which earlier runs died. */
  #takeOver(journal: Journal, { others }: Persistence, now: number): readonly ConfigAttempt[] {
    this.#digestKey = journal.digestKey
    this.#frozen = journal.frozen
    this.quarantine.load(journal.quarantine)
    const provedDigest = this.goodHistory.goods[0]?.digest
    const { stateOf } = others.processes
    const died = this.#crashGuard.load(journal.attempts, { provedDigest, now, stateOf })
    const { rival } = this.#crashGuard
    if (rival !== undefined) others.report(rival)
    return died
  }

  /** The goods in the order in which a start tries them: what another build has proved may kill this one. */
  get restorable(): readonly Good[] {
    const { active } = this.quarantine
    const rankOf = ({ digest }: Good): number => {
      if (active.some((entry) => entry.digest === digest)) return 2
      return digest === this.#frozen?.revertTo ? 0 : 1
    }
    return [...this.goodHistory.goods].sort((one, other) => rankOf(one) - rankOf(other))
  }

  /** True if the config must be written down before it is tried, since it may kill the process. */
  isAttempt(snapshot: Snapshot): boolean {
    if (this.#persistence === undefined) return false
    return this.#settings.confirm !== undefined || !this.goodHistory.isNewest(snapshot.digest)
  }

  /** Writes down that a config is about to be tried, before any module is called. */
  async begin({ snapshot, revision }: Readonly<Transaction>, mustBeConfirmed: boolean): Promise<void> {
    if (snapshot === undefined) return
    this.#crashGuard.begin(snapshot.digest, revision.revision ?? '', this.#settings.clock.now(), mustBeConfirmed)
    await this.#save()
  }

  /** It has passed its soak: it is the last known good from now on, and after a restart too. */
  async promote(snapshot: Snapshot): Promise<void> {
    // Above what other processes have stored meanwhile, whatever the clock says.
    const above = this.#persistence === undefined ? 0 : await this.#persistence.others.highestSequence()
    this.goodHistory.add(snapshot, this.#settings.clock.now(), above)
    this.quarantine.clear(snapshot.digest)
    this.#crashGuard.prove(snapshot.digest)
    // The goods first: an attempt that is still open for the last known good is known to have held.
    if (this.#persistence === undefined) return
    await this.#persistence.saveGoods(this.goodHistory.goods)
    await this.#save()
  }

  /** Takes over another revision of a good, and stores the values of its secrets if there are others. */
  renew(snapshot: Snapshot): void {
    if (this.goodHistory.renew(snapshot)) void this.#persistence?.saveGoods(this.goodHistory.goods)
  }

  /** Learns from the end of a transaction, and waits for the quarantine of the document that is to be tried again. */
  learnFrom(transaction: Readonly<Transaction>, end: EndOfTransaction): void {
    const { outcome, hasServed, awaitsConfirmation, untried } = end
    const { snapshot, failures, trigger } = transaction
    // Closed before it was confirmed: after the restart everything is as before.
    const isUnconfirmed = outcome === 'aborted' && transaction.commit !== undefined && awaitsConfirmation
    if (isUnconfirmed) this.#quarantine(transaction, [failure('confirm.expired', transaction.revision)])
    const isOver = outcome === 'rolled-back' || outcome === 'degraded'
    const isEnded = isOver && snapshot !== undefined && this.#crashGuard.end(snapshot.digest)
    const isSuspended = this.#crashGuard.suspend()
    const mayBeAccepted = outcome === 'rejected' && transaction.retryKey !== undefined
    const isAtFault = mayBeAccepted || (isOver && this.untilOf(transaction, hasServed) === 'released')
    if (isAtFault) this.#quarantine(transaction, failures)
    const isNewest = outcome === 'committed' || outcome === 'unchanged'
    const isCleared = isNewest && this.#clearOthers(transaction)
    // The freeze stays, but a restart must not serve what did not hold.
    const isRevertOver = trigger === 'revert' && (isOver || outcome === 'rejected')
    if (isRevertOver && this.#frozen !== undefined) this.#frozen = withoutRevert(this.#frozen)
    if (isEnded || isSuspended || isUnconfirmed || isAtFault || isCleared || isRevertOver) void this.#save()
    this.#expect(transaction, untried)
  }

  /** What a document that was rolled back waits for before it is tried again. */
  untilOf(transaction: Readonly<Transaction>, hasServed: boolean): Untried['until'] | undefined {
    if (transaction.wasBusy) return 'settled'
    const isAtFault = hasServed && transaction.candidate !== undefined && transaction.ending === 'failed'
    return isAtFault && transaction.failures.length > 0 ? 'released' : undefined
  }

  #expect(transaction: Readonly<Transaction>, untried: Untried | undefined): void {
    if (untried === undefined) this.#untriedDigest = undefined
    else if (untried.candidate === transaction.candidate) this.#untriedDigest = keyOf(transaction)
    this.quarantine.expect(untried?.until === 'released' ? this.#untriedDigest : undefined)
  }

  /** The quarantined config that waits to be tried again. */
  get untriedDigest(): string | undefined {
    return this.#untriedDigest
  }

  async release(digest: string | undefined): Promise<void> {
    this.quarantine.release(digest)
    this.#crashGuard.forget(digest)
    await this.#save()
  }

  async freeze(frozen: Frozen | undefined): Promise<void> {
    this.#frozen = frozen
    await this.#save()
  }

  /** Ends what runs, within the deadline of a write. */
  async close(): Promise<void> {
    this.quarantine.expect(undefined)
    await this.#persistence?.flush()
    this.#persistence?.close()
    await this.#persistence?.others.release()
  }

  #judge({ digest, revision, build, deaths, confirm }: ConfigAttempt): void {
    const { maxAttempts, logger } = this.#settings
    const culprit = { digest, revision, build }
    const place = { revision, detail: `${deaths} of ${maxAttempts} times` }
    if (confirm) this.quarantine.add(culprit, verdictOf([failure('confirm.expired', { revision })], true))
    else if (deaths >= maxAttempts) this.quarantine.addCrashing(culprit, deaths)
    const died = failure('attempt.died', place)
    logger.error(failureFields(died), died.message)
    this.#report(died)
  }

  #quarantine(transaction: Readonly<Transaction>, failures: readonly Failure[]): void {
    const digest = keyOf(transaction)
    if (digest === undefined) return
    const { revision, committedAtMs } = transaction
    const verdict = verdictOf(failures, committedAtMs !== undefined)
    this.quarantine.add({ digest, revision: revision.revision ?? '' }, verdict)
  }

  /** What the source held before is over once it holds what serves. What is restored or reverted to says nothing of it. */
  #clearOthers(transaction: Readonly<Transaction>): boolean {
    const { snapshot } = transaction
    return followsSource(transaction) && snapshot !== undefined && this.quarantine.clearOthers(snapshot.digest)
  }

  async #save(): Promise<void> {
    await this.#persistence?.saveJournal(this.#journal())
  }

  #journal(): Journal {
    return {
      digestKey: this.#digestKey,
      attempts: this.#crashGuard.entries,
      quarantine: this.quarantine.entries,
      ...(this.frozen === undefined ? {} : { frozen: this.frozen }),
    }
  }
}

/** What a transaction is quarantined under: a refresh of what serves is not held against the config itself. */
const keyOf = ({ snapshot, isRefresh, retryKey }: Readonly<Transaction>): string | undefined => {
  if (retryKey !== undefined || snapshot === undefined) return retryKey
  return isRefresh ? refreshOf(snapshot.digest) : snapshot.digest
}
