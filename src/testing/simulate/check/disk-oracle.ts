import type { TransactionRecord } from '../../../model/record.ts'
import type { Scenario } from '../scenario/scenario.ts'

/** Knows what all processes of a history have stored together. */
export class DiskOracle {
  readonly persists: boolean
  /** True if all processes write the same entries, so that of two that live side by side one may undo what the other writes. */
  readonly #hasOneJournal: boolean
  /** The last known good on the disk; undefined if there is none or if it cannot be known. */
  lastKnownGood: { readonly digest: string; readonly at: number } | undefined
  /** How many processes have died. */
  crashes = 0
  /** True if the disk does not hold everything that was written, or has not been read. */
  #isUnknown = false
  #isShared = false
  /** How often a process has started while others lived. */
  #shares = 0
  #hasJournal = false
  #hasReverted = false
  readonly #failed = new Set<string>()
  /** Digests of the configs that a module of any process has declared at fault. */
  readonly permanent = new Set<string>()

  constructor({ persists = false }: Scenario) {
    this.persists = persists !== false
    this.#hasOneJournal = persists === true
  }

  /** True if the next process knows everything that this one knew. */
  get isKnown(): boolean {
    return this.persists && !this.#isUnknown
  }

  /** True if a process may find an attempt that began and never ended, and whose owner does not live. */
  get mayHaveDeaths(): boolean {
    // With one journal, a process stores the attempts of others as it has found them.
    return this.crashes > 0 || this.#isUnknown || (this.#hasOneJournal && this.#shares > (this.#isShared ? 1 : 0))
  }

  /** True if any process has failed to apply this config. */
  hasFailed(digest: string): boolean {
    return this.#failed.has(digest)
  }

  onRecord(record: TransactionRecord): void {
    if (record.outcome === 'committed') this.#hasJournal = true
    if (record.digest !== undefined && 'failures' in record) this.#failed.add(record.digest)
  }

  /** Notes that a config has become the last known good of a process. */
  onPromoted(digest: string, at: number): void {
    const other = this.lastKnownGood
    // Of two at the same moment, either may be the later one.
    const isRace = this.#isShared && other?.at === at && other.digest !== digest
    // What another process has reverted to is served first, however new this one is.
    const isOneOfMany = this.#isShared && (this.#hasOneJournal || this.#hasReverted)
    this.lastKnownGood = isRace || isOneOfMany ? undefined : { digest, at }
  }

  /** Notes that a process is about to revert: either config may become the last known good. */
  onRevert(): void {
    this.#hasReverted = true
    this.lastKnownGood = undefined
  }

  onOutage(): void {
    this.#isUnknown = true
    this.lastKnownGood = undefined
  }

  /** Notes that a process starts while others live. */
  onShared(): void {
    this.#shares += 1
    if (this.#hasOneJournal) this.lastKnownGood = undefined
    // The two have no key in common, so their digests cannot be compared.
    if (!this.#hasJournal) this.onOutage()
  }

  onBoot(isAlone: boolean): void {
    this.#isShared = !isAlone
    if (!this.isKnown) this.lastKnownGood = undefined
  }
}
