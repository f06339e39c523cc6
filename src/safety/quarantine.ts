import { backoffMs } from '../async/backoff.ts'
import type { QuarantineOptions } from '../api/options.ts'
import type { Clock, TimerHandle } from '../api/clock.ts'
import { MAX_QUARANTINED, type Quarantined } from '../persistence/persisted-state.ts'
import type { ErrorCode, Failure } from '../model/failure.ts'

/** The latest time that a `Date` can show. */
const MAX_TIME = 8.64e15

// Time was short, or something was busy: it may work another time.
const passingCodes = new Set<ErrorCode>([
  'module.prepare-timeout',
  'module.apply-timeout',
  'module.check-timeout',
  'module.stuck',
  'module.unsettled',
  'internal.error',
])

// Failed connections: codes of Node, and of PostgreSQL (appendix A, classes 08, 53 and 57).
const passingCauses = new Set(
  'EAI_AGAIN ECONNABORTED ECONNREFUSED ECONNRESET EHOSTUNREACH EMFILE ENETUNREACH ENFILE EPIPE ETIMEDOUT ERR_SOCKET_CLOSED 08000 08001 08003 08004 08006 53000 53200 53300 53400 57P01 57P02 57P03'.split(
    ' ',
  ),
)

/** True if the same document may be applied later: a deadline passed, or a connection failed. */
const mayPass = ({ code, cause }: Failure): boolean =>
  passingCodes.has(code) || (cause?.code !== undefined && passingCauses.has(cause.code))

/** A document that is quarantined. */
export interface Culprit {
  readonly digest: string
  readonly revision: string
  /** The build that it failed in. @default this one */
  readonly build?: string
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
  blocks(snapshot: { readonly digest: string }): Quarantined | undefined {
    const pass = this.#pass
    this.#pass = undefined
    if (this.#entries.length === 0) return undefined
    const { digest } = snapshot
    return pass === digest ? undefined : this.active.find((entry) => entry.digest === digest)
  }

  /** Adds a config that failed in `applying`. A failure that may pass expires with back-off; any other has no expiry. */
  add(culprit: Culprit, failed: Failure): void {
    const { code, cause, module, phase } = failed
    const now = this.#clock.now()
    const count = (this.#find(culprit.digest, culprit.build)?.count ?? 0) + 1
    this.#put({
      build: this.#build,
      ...culprit,
      code,
      ...(cause?.code === undefined ? {} : { causeCode: cause.code }),
      ...(module === undefined ? {} : { module }),
      ...(phase === undefined ? {} : { phase }),
      count,
      since: now,
      ...(mayPass(failed) ? { until: now + Math.ceil(backoffMs(this.#settings, count, this.#random)) } : {}),
    })
  }

  /** Adds a config that has killed the process `deaths` times in a row. */
  addCrashing(culprit: Culprit, deaths: number): void {
    const now = this.#clock.now()
    const until = now + this.#settings.crashMs
    this.#put({ build: this.#build, ...culprit, code: 'attempt.died', count: deaths, since: now, until })
  }

  /** Forgets a config that has held, for this build. */
  clear(digest: string): void {
    this.#entries = this.#entries.filter((entry) => entry !== this.#find(digest))
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
