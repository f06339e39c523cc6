import { backoffMs } from '../async/backoff.ts'
import type { QuarantineOptions } from '../api/options.ts'
import type { Clock, TimerHandle } from '../api/clock.ts'
import { MAX_QUARANTINED, type Quarantined } from '../persistence/persisted-state.ts'
import type { Failure } from '../model/failure.ts'

/** The latest time that a `Date` can show. */
const MAX_TIME = 8.64e15

/** How much sooner, at most, a document is tried again whose last try touched nothing that serves. */
const UNEXPOSED_SHARE = 0.1

/** A document that is quarantined. */
export interface Culprit {
  readonly digest: string
  readonly revision: string
  /** The build that it failed in. @default this one */
  readonly build?: string
}

/** The name under which a refresh of a config is quarantined: that it failed says nothing against the config itself. */
export const refreshOf = (digest: string): string => `${digest}+refresh`

/** Why a document is quarantined. */
export interface Verdict {
  readonly failure: Failure
  /** True if the document fails in the same way each time, so that only another one helps. */
  readonly isLasting: boolean
  /** True if it had been committed before it failed: trying it again puts requests on it again. */
  readonly wasExposed: boolean
}

/** Remembers which configs failed in `applying`, so that they are not tried again before something changes. */
export class Quarantine {
  readonly #settings: Required<QuarantineOptions>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #build: string
  readonly #onExpired: () => void
  #entries: readonly Quarantined[] = []
  #pass: string | undefined
  #timer: TimerHandle

  constructor(
    settings: Required<QuarantineOptions>,
    { clock, random, build }: { readonly clock: Clock; readonly random: () => number; readonly build: string },
    onExpired: () => void,
  ) {
    this.#settings = settings
    this.#clock = clock
    this.#random = random
    this.#build = build
    this.#onExpired = onExpired
  }

  /** All entries, including expired ones and those of other builds. */
  get entries(): readonly Quarantined[] {
    return this.#entries
  }

  /** The entries that hold back configs of this build now. */
  get active(): readonly Quarantined[] {
    return this.#entries.filter((entry) => entry.build === this.#build && !this.#isOver(entry))
  }

  load(entries: readonly Quarantined[]): void {
    this.#entries = entries.map((entry) => {
      const isTooFar = entry.until !== undefined && entry.until > MAX_TIME
      return isTooFar ? { ...entry, until: MAX_TIME } : entry
    })
  }

  /** The entry that holds this config back now. Uses up a pass that was given for it. */
  blocks(digest: string): Quarantined | undefined {
    const pass = this.#pass
    this.#pass = undefined
    if (this.#entries.length === 0) return undefined
    return pass === digest ? undefined : this.active.find((entry) => entry.digest === digest)
  }

  /** Adds a config that failed in `applying`. It expires with back-off, unless only another document helps. */
  add(culprit: Culprit, { failure, isLasting, wasExposed }: Verdict): void {
    const { code, cause, module, phase } = failure
    const now = this.#clock.now()
    const count = (this.#find(culprit.digest, culprit.build)?.count ?? 0) + 1
    const { minMs, maxMs } = this.#settings
    const backoff = { minMs, maxMs: wasExposed ? maxMs : Math.max(minMs, maxMs * UNEXPOSED_SHARE) }
    this.#put({
      build: this.#build,
      ...culprit,
      code,
      ...(cause?.code === undefined ? {} : { causeCode: cause.code }),
      ...(module === undefined ? {} : { module }),
      ...(phase === undefined ? {} : { phase }),
      count,
      since: now,
      ...(isLasting ? {} : { until: now + Math.ceil(backoffMs(backoff, count, this.#random)) }),
    })
  }

  /** Adds a config that has killed the process `deaths` times in a row. */
  addCrashing(culprit: Culprit, deaths: number): void {
    const now = this.#clock.now()
    const until = now + this.#settings.crashMs
    this.#put({ build: this.#build, ...culprit, code: 'attempt.died', count: deaths, since: now, until })
  }

  /** Forgets a config that has held, for this build, and its refreshes. */
  clear(digest: string): void {
    const keys = [digest, refreshOf(digest)]
    this.#entries = this.#entries.filter((entry) => entry.build !== this.#build || !keys.includes(entry.digest))
  }

  /** Forgets every other config of this build: another document serves, so their time has passed. False if none was known. */
  clearOthers(digest: string): boolean {
    const before = this.#entries.length
    this.#entries = this.#entries.filter((entry) => entry.build !== this.#build || entry.digest === digest)
    return this.#entries.length < before
  }

  /** Forgets one config, or all of them, for every build. */
  release(digest?: string): void {
    this.#entries = digest === undefined ? [] : this.#entries.filter((entry) => entry.digest !== digest)
  }

  /** Lets this config pass once. */
  allowOnce(digest: string): void {
    this.#pass = digest
  }

  /** Calls back when the entry of this config expires, if it does. Waits for one config at a time. */
  expect(digest: string | undefined): void {
    this.#clock.clearTimeout(this.#timer)
    const until = digest === undefined ? undefined : this.#find(digest)?.until
    if (until === undefined) return
    // A clock that is set back delays it and never makes a busy loop; a far time is looked at once a day.
    const leftMs = Math.min(Math.max(until - this.#clock.now(), 1), 86_400_000)
    this.#timer = this.#clock.setTimeout(() => {
      if (this.#clock.now() < until) this.expect(digest)
      else this.#onExpired()
    }, leftMs)
  }

  #find(digest: string, build = this.#build): Quarantined | undefined {
    return this.#entries.find((entry) => entry.digest === digest && entry.build === build)
  }

  #put(entry: Quarantined): void {
    const others = this.#entries.filter(({ digest, build }) => digest !== entry.digest || build !== entry.build)
    this.#entries = [entry, ...others].slice(0, MAX_QUARANTINED)
  }

  #isOver({ until }: Quarantined): boolean {
    return until !== undefined && until <= this.#clock.now()
  }
}
