import type { ReloaderStatus } from '../../../api/status.ts'
import type { Failure } from '../../../model/failure.ts'
import type { TransactionRecord } from '../../../model/record.ts'
import type { Breach } from './run-log.ts'

/** Triggers of transactions that try what the source holds. */
const newestTriggers = new Set(['start', 'change', 'reload', 'retry', 'quarantine-expired'])

/** Codes of failures with which a module may say that only another document helps. */
const moduleFailure = /^module\.(prepare|apply|check)-failed$/

/** Codes of failures after which a document waits for a module, not for the end of a quarantine. */
const busyCode = /^module\.(stuck|unsettled|.*-timeout)$/

/** Codes of failures after which only another document helps, whatever the module says. */
const lastingCodes = new Set(['module.commit-failed', 'confirm.expired'])

/** What the oracles must know of a transaction beside its record. */
export interface TransactionFacts {
  /** When it first called a module, in milliseconds of elapsed time. */
  readonly calledAt: number | undefined
  /** The modules that have declared a failure permanent. */
  readonly permanentFailures: ReadonlySet<string>
  /** The elapsed time, in milliseconds. */
  readonly now: number
  /** The digest of what serves when the record is written. */
  readonly serving: string | undefined
  /** How long the config is not tried again by itself, in milliseconds, as `status()` says; undefined if it may be at once. */
  readonly heldMs: number | undefined
}

/** Predicts which configs are held back, for how long, and which no longer. */
export class QuarantineOracle {
  readonly #breach: Breach
  /** Digests of the configs that failed, when, and until when they are not tried again by themselves. */
  #failed = new Map<string, { readonly at: number; readonly until: number }>()
  readonly #permanent: Set<string>
  /** The only config that may be quarantined, because it is the newest and serves. */
  #only: string | undefined
  /** The config that has committed and passed, and has not failed since. */
  #proved: string | undefined
  #wasClockSet = false

  /** @param permanent the digests of the configs that a module of any process has declared at fault */
  constructor(breach: Breach, permanent = new Set<string>()) {
    this.#breach = breach
    this.#permanent = permanent
  }

  /** True if the config has failed, and nothing has happened since that would end its quarantine. */
  hasFailed(digest: string): boolean {
    return this.#failed.has(digest)
  }

  /** Checks a terminal record. `serving` is the digest of what served before it, if anything did. */
  onRecord(record: TransactionRecord, facts: TransactionFacts, serving: string | undefined): void {
    const { trigger, digest } = record
    const { calledAt } = facts
    if ('failures' in record || record.outcome === 'committed') this.#proved = undefined
    if (record.outcome === 'committed' && trigger !== 'restore') this.#proved = digest
    const failed = digest === undefined ? undefined : this.#failed.get(digest)
    // A caller who reloads gets the document tried. A refresh of what serves is not held against its config.
    const isHeld = trigger === 'change' && serving !== undefined && digest !== serving
    if (isHeld && failed !== undefined && calledAt !== undefined && calledAt < failed.until) {
      this.#breach('quarantine', 'a change transaction tried a config again that had failed')
    }
    this.#learnFrom(record, facts, serving !== undefined)
  }

  #learnFrom(record: TransactionRecord, facts: TransactionFacts, hasServed: boolean): void {
    const { trigger, digest, outcome } = record
    if ('failures' in record && digest !== undefined) {
      const isHeld = outcome === 'rolled-back' && hasServed && trigger !== 'repair'
      this.#noteFailed(digest, record.failures, facts, isHeld)
    }
    if (outcome !== 'committed' && outcome !== 'unchanged') {
      // A config that is tried in vain is held back beside the one that serves.
      if (outcome !== 'rejected') this.#only = undefined
      return
    }
    if (trigger === 'repair') this.#failed.clear() // it may have tried the document of the source, or not
    if (!newestTriggers.has(trigger)) return
    for (const failed of this.#failed.keys()) {
      if (failed !== digest || outcome === 'committed') this.#failed.delete(failed)
    }
    this.#only = digest
  }

  #noteFailed(
    digest: string,
    failures: readonly Failure[],
    { permanentFailures, now, heldMs }: TransactionFacts,
    isHeld: boolean,
  ): void {
    const isPermanent = failures.some(
      ({ code, module }) => moduleFailure.test(code) && module !== undefined && permanentFailures.has(module),
    )
    if (isPermanent) this.#permanent.add(digest)
    if (!isHeld) return
    const isLasting = isPermanent || failures.some(({ code }) => code === 'module.commit-failed')
    const isBusy = failures.some(({ code }) => busyCode.test(code))
    if (isLasting && !isBusy && heldMs !== undefined && heldMs < Number.POSITIVE_INFINITY) {
      this.#breach('quarantine', 'a config that only another document can help is tried again by itself')
    }
    const ms = isLasting ? Number.POSITIVE_INFINITY : heldMs
    if (ms !== undefined) this.#failed.set(digest, { at: now, until: now + ms })
  }

  /** Checks, when no transaction runs, what `status()` says of the quarantine. */
  checkAtRest({ quarantine }: ReloaderStatus): void {
    for (const { digest, code, nextTryAt } of quarantine) {
      if (digest === this.#proved) this.#breach('quarantine', 'a config is still quarantined although it has committed')
      const config = digest.replace(/\+refresh$/, '')
      if (this.#only !== undefined && config !== this.#only) {
        this.#breach('quarantine', 'a config is still quarantined although another document has committed')
      }
      if (nextTryAt === undefined && !lastingCodes.has(code) && !this.#permanent.has(config)) {
        this.#breach('quarantine', `a config that failed with ${code} is never tried again by itself`)
      }
    }
  }

  /** Notes that a caller has ended the quarantine of all configs. */
  release(): void {
    this.#failed.clear()
  }

  /** Notes that a config serves. */
  clear(digest: string): void {
    this.#failed.delete(digest)
  }

  /** Notes that the wall clock was set: times that are stored count differently for the next process. */
  onClockSet(): void {
    this.#wasClockSet = true
  }

  /** Notes that the process dies in a call: its writes of this very moment may not be on the disk. */
  onCrashInCall(now: number): void {
    for (const [digest, { at }] of this.#failed) if (at === now) this.#failed.delete(digest)
  }

  /** Notes that a new process starts. `isKept` is false if it cannot know what the one before knew. */
  onBoot(isKept: boolean): void {
    if (!isKept) this.#failed.clear()
    if (this.#wasClockSet) {
      for (const [failed, { until }] of this.#failed) if (until < Number.POSITIVE_INFINITY) this.#failed.delete(failed)
    }
    this.#only = undefined
    this.#proved = undefined
  }
}
