import { backoffMs } from '../async/backoff.ts'
import type { QuarantineOptions } from '../api/options.ts'
import type { Clock, TimerHandle } from '../api/clock.ts'
import { pastTime, wallTimeOf } from '../async/wall-time.ts'
import { MAX_QUARANTINED, type Quarantined } from '../persistence/persisted-state.ts'
import type { Failure } from '../model/failure.ts'

/** An entry that is far from its end is looked at once a day. */
const MAX_WAIT_MS = 86_400_000

/** The longest wait of a document that has never been committed: trying it touches nothing that serves. */
const MAX_UNEXPOSED_MS = 60_000

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
  /** When entries end by the monotonic clock: the wall clock may be set while they last. */
  readonly #ends = new WeakMap<Quarantined, number>()
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
    this.#entries = this.#entries.map((entry) => this.#redate(entry))
    return this.#entries
  }

  /** The entries that hold back configs of this build now. */
  get active(): readonly Quarantined[] {
    return this.entries.filter((entry) => entry.build === this.#build && !this.#isOver(entry))
  }

  /** Takes over the entries of an earlier run. They last no longer than they were meant to, and than the options allow. */
  load(entries: readonly Quarantined[]): void {
    const now = this.#clock.now()
    const { maxMs, crashMs } = this.#settings
    this.#entries = entries.map((entry) => {
      const { since, until } = entry
      const loaded = { ...entry, since: pastTime(since, now) }
      if (until === undefined) return loaded
      const mostMs = entry.code === 'attempt.died' ? crashMs : maxMs
      const leftMs = Math.max(0, Math.min(until - now, until - since, mostMs))
      return this.#endAfter({ ...loaded, until: now + leftMs }, leftMs)
    })
  }

  /**
   * The entry that holds this config back now. Uses up a pass that was given for it. The digest is asked for only if
   * there are entries: otherwise it is first needed after the commit (bench: latency).
   */
  blocks(digestOf: () => string): Quarantined | undefined {
    const pass = this.#pass
    this.#pass = undefined
    if (this.#entries.length === 0) return undefined
    const digest = digestOf()
    return pass === digest ? undefined : this.active.find((entry) => entry.digest === digest)
  }

  /** Adds a config that failed in `applying`. It expires with back-off, unless only another document helps. */
  add(culprit: Culprit, { failure, isLasting, wasExposed }: Verdict): void {
    const { code, cause, module, phase } = failure
    const now = this.#clock.now()
    const count = (this.#find(culprit.digest, culprit.build)?.count ?? 0) + 1
    const { minMs, maxMs } = this.#settings
    const backoff = { minMs, maxMs: wasExposed ? maxMs : Math.min(maxMs, Math.max(minMs, MAX_UNEXPOSED_MS)) }
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

  /** Forgets a config that has held, for this build. A refresh of it that failed may still be held back. */
  clear(digest: string): void {
    this.#entries = this.#entries.filter((entry) => entry.build !== this.#build || entry.digest !== digest)
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

  /**
   * Calls back when nothing holds this config back any more: its entry has expired, or what has served since has ended
   * it. Waits for one config at a time.
   */
  expect(digest: string | undefined): void {
    this.#clock.clearTimeout(this.#timer)
    if (digest === undefined) return
    const entry = this.#find(digest)
    const leftMs = entry === undefined ? 0 : this.#leftMsOf(entry)
    if (leftMs === undefined) return
    this.#timer = this.#clock.setTimeout(
      () => {
        // A timer may fire a moment early.
        if (entry === undefined || this.#isOver(entry)) this.#onExpired()
        else this.expect(digest)
      },
      Math.min(Math.max(Math.ceil(leftMs), 1), MAX_WAIT_MS),
    )
  }

  #find(digest: string, build = this.#build): Quarantined | undefined {
    return this.#entries.find((entry) => entry.digest === digest && entry.build === build)
  }

  #put(entry: Quarantined): void {
    const others = this.#entries.filter(({ digest, build }) => digest !== entry.digest || build !== entry.build)
    if (entry.until !== undefined) this.#endAfter(entry, entry.until - entry.since)
    this.#entries = [entry, ...others].slice(0, MAX_QUARANTINED)
  }

  #endAfter(entry: Quarantined, leftMs: number): Quarantined {
    this.#ends.set(entry, this.#clock.monotonic() + leftMs)
    return entry
  }

  /** What is left of an entry, in milliseconds; undefined if it has no end. */
  #leftMsOf(entry: Quarantined): number | undefined {
    const end = this.#ends.get(entry)
    return end === undefined ? undefined : Math.max(0, end - this.#clock.monotonic())
  }

  #isOver(entry: Quarantined): boolean {
    return this.#leftMsOf(entry) === 0
  }

  /** Corrects the times of an entry if the wall clock was set. */
  #redate(entry: Quarantined): Quarantined {
    const now = this.#clock.now()
    const leftMs = this.#leftMsOf(entry)
    const since = pastTime(entry.since, now)
    const until = leftMs === undefined ? undefined : this.#untilOf(entry, leftMs, now)
    if (since === entry.since && until === entry.until) return entry
    const redated = { ...entry, since, ...(until === undefined ? {} : { until }) }
    const end = this.#ends.get(entry)
    if (end !== undefined) this.#ends.set(redated, end)
    return redated
  }

  #untilOf({ until = 0 }: Quarantined, leftMs: number, now: number): number {
    return leftMs === 0 ? pastTime(until, now) : wallTimeOf(until, leftMs, now)
  }
}
