import type { Untried } from '../../machines/index.ts'
import type { Keeper, KeptJournal } from '../persistence/index.ts'
import type { ConfigAttempt, Frozen, Good } from '../persistence/journal.ts'
import { type Failure, failure } from '../model/failure.ts'
import type { Outcome } from '../model/record.ts'
import type { Transaction } from '../transaction/transaction.ts'
import type { Settings } from '../settings/settings.ts'
import type { Snapshot } from '../model/snapshot.ts'
import { CrashGuard } from './crash-guard.ts'
import { GoodHistory } from './good-history.ts'
import { Quarantine } from './quarantine.ts'

const withoutRevert = ({ reason, since }: Frozen): Frozen => ({ reason, since })

/**
 * What is learnt from documents that failed and from those that held: the last known good and those before it, the
 * quarantine, the deaths of earlier runs, a freeze. Kept across restarts where a store is given.
 */
export class Safety {
  readonly goodHistory = new GoodHistory()
  readonly quarantine: Quarantine
  readonly #settings: Settings
  readonly #keeper: Keeper | undefined
  readonly #attempts: CrashGuard
  readonly #report: (failure: Failure) => void
  #digestKey: string
  #frozen: Frozen | undefined
  #untriedDigest: string | undefined

  constructor(
    settings: Settings,
    keeper: Keeper | undefined,
    report: (failure: Failure) => void,
    onExpired: () => void,
  ) {
    this.#settings = settings
    this.#keeper = keeper
    this.#report = report
    this.#digestKey = settings.digestKey
    this.#attempts = new CrashGuard(settings.build)
    this.quarantine = new Quarantine(settings.quarantine, settings, onExpired)
  }

  get keeper(): Keeper | undefined {
    return this.#keeper
  }

  /** The key of all digests; that of earlier runs once `load` has ended. */
  get digestKey(): string {
    return this.#digestKey
  }

  get frozen(): Frozen | undefined {
    return this.#frozen
  }

  /** Reads what earlier runs have kept, and counts their deaths. Never rejects. */
  async load(): Promise<void> {
    if (this.#keeper === undefined) return
    const { goods, journal } = await this.#keeper.load()
    this.goodHistory.load(goods)
    if (journal === undefined) return
    this.#digestKey = journal.digestKey
    this.#frozen = journal.frozen
    this.quarantine.load(journal.quarantine)
    const died = this.#attempts.load(journal.attempts, goods[0]?.digest)
    for (const attempt of died) this.#judge(attempt)
    if (died.length > 0) await this.#save()
  }

  /** The goods in the order in which they are to be tried at start: what another build has proved may kill this one. */
  get restorable(): readonly Good[] {
    const { active } = this.quarantine
    const rankOf = ({ digest }: Good): number => {
      if (active.some((entry) => entry.digest === digest)) return 2
      return digest === this.#frozen?.revertTo ? 0 : 1
    }
    return [...this.goodHistory.goods].sort((one, other) => rankOf(one) - rankOf(other))
  }

  /** True where the config is to be written down before it is tried: it may kill the process. */
  isAttempt(snapshot: Snapshot): boolean {
    if (this.#keeper === undefined) return false
    return this.#settings.confirm !== undefined || !this.goodHistory.isNewest(snapshot.digest)
  }

  /** Writes down that a config is about to be tried, before any module is called. */
  async begin({ snapshot, revision }: Transaction, mustBeConfirmed: boolean): Promise<void> {
    if (snapshot === undefined) return
    const now = this.#settings.clock.now()
    this.#attempts.begin(snapshot.digest, revision.revision ?? '', now, mustBeConfirmed)
    await this.#save()
  }

  /** It has passed its soak: it is the last known good from now on, and after a restart too. */
  async promote(snapshot: Snapshot): Promise<void> {
    const isKnown = this.goodHistory.add(snapshot, this.#settings.clock.now())
    this.quarantine.clear(snapshot.digest)
    this.#attempts.end(snapshot.digest)
    // The goods first: an attempt that is still open for the last known good is known to have held.
    if (this.#keeper === undefined) return
    const { goods } = this.goodHistory
    // One that moves up is written above first: between two writes it would be nowhere else.
    if (isKnown) await this.#keeper.saveGoods(goods.slice(0, 1))
    await this.#keeper.saveGoods(goods)
    await this.#save()
  }

  /** What the end of a transaction teaches. */
  conclude(transaction: Transaction, outcome: Outcome, hasServed: boolean, wantsWord: boolean): void {
    const { snapshot, failures, trigger } = transaction
    // Closed before anybody said yes: after the restart everything is as before.
    const isUnconfirmed = outcome === 'aborted' && transaction.isCommitted && wantsWord
    if (isUnconfirmed) this.#quarantine(transaction, failure('confirm.expired', transaction.revision))
    const isOver = outcome === 'rolled-back' || outcome === 'degraded'
    const isEnded = isOver && snapshot !== undefined && this.#attempts.end(snapshot.digest)
    const isSuspended = this.#attempts.suspend()
    const [cause] = failures
    const isAtFault = isOver && this.untilOf(transaction, hasServed) === 'released'
    if (isAtFault && cause !== undefined) this.#quarantine(transaction, cause)
    // The freeze stays, but what did not hold is not what a restart is to serve.
    const isRevertOver = trigger === 'revert' && (isOver || outcome === 'rejected')
    if (isRevertOver && this.#frozen !== undefined) this.#frozen = withoutRevert(this.#frozen)
    if (isEnded || isSuspended || isUnconfirmed || isAtFault || isRevertOver) void this.#save()
  }

  /** What a document that was taken back waits for before it is tried again. */
  untilOf(transaction: Transaction, hasServed: boolean): Untried['until'] | undefined {
    if (transaction.isUntried) return 'settled'
    const isAtFault = hasServed && transaction.candidate !== undefined && transaction.ending === 'failed'
    return isAtFault && transaction.failures.length > 0 ? 'released' : undefined
  }

  /** Waits for the end of the quarantine of the document that is to be tried again. */
  expect(transaction: Transaction, untried: Untried | undefined): void {
    if (untried === undefined) this.#untriedDigest = undefined
    else if (untried.candidate === transaction.candidate) this.#untriedDigest = transaction.snapshot?.digest
    this.quarantine.expect(untried?.until === 'released' ? this.#untriedDigest : undefined)
  }

  /** The quarantined config that waits to be tried again. */
  get untriedDigest(): string | undefined {
    return this.#untriedDigest
  }

  async release(digest: string | undefined): Promise<void> {
    this.quarantine.release(digest)
    this.#attempts.forget(digest)
    await this.#save()
  }

  async freeze(frozen: Frozen | undefined): Promise<void> {
    this.#frozen = frozen
    await this.#save()
  }

  /** Ends what runs, within the deadline of a write. */
  async close(): Promise<void> {
    this.quarantine.expect(undefined)
    await this.#keeper?.flush()
    this.#keeper?.close()
  }

  #judge({ digest, revision, build, deaths, confirm }: ConfigAttempt): void {
    const { maxAttempts, logger } = this.#settings
    const culprit = { digest, revision, build }
    const place = { revision, detail: `${deaths} of ${maxAttempts} times` }
    if (confirm) this.quarantine.add(culprit, failure('confirm.expired', { revision }))
    else if (deaths >= maxAttempts) this.quarantine.addCrashing(culprit, deaths)
    const died = failure('attempt.died', place)
    logger.error({ changeover: died }, died.message)
    this.#report(died)
  }

  #quarantine({ snapshot, revision }: Transaction, cause: Failure): void {
    if (snapshot === undefined) return
    this.quarantine.add({ digest: snapshot.digest, revision: revision.revision ?? '' }, cause)
  }

  async #save(): Promise<void> {
    await this.#keeper?.saveJournal(this.#journal())
  }

  #journal(): KeptJournal {
    return {
      digestKey: this.#digestKey,
      attempts: this.#attempts.entries,
      quarantine: this.quarantine.entries,
      ...(this.#frozen === undefined ? {} : { frozen: this.#frozen }),
    }
  }
}
