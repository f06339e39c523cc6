import { type Clock, systemClock } from '../../../api/clock.ts'
import { checkMs } from '../../../model/option-checks.ts'
import { type RunnerTimeout, runnerTimeout } from './runner-timeout.ts'

/** The part of a runner's time-out that a search may use. The rest is for the last history and for the report. */
const SHARE = 0.8

/** How long a written scenario may be shrunk, in milliseconds: its test must end before the time-out of its runner. */
const SHRINK_MS = 2_000

/** The real time that a search for histories may take. It is looked at between two histories. */
export class TimeLimit {
  /** The time that the caller has set, in milliseconds. */
  readonly givenMs: number | undefined
  /** The runner whose time-out comes first, if one does. */
  readonly runner: RunnerTimeout | undefined
  readonly #clock: Clock
  readonly #startedAt: number
  readonly #ms: number

  constructor(givenMs?: number, clock: Clock = systemClock, runner: RunnerTimeout | undefined = runnerTimeout()) {
    if (givenMs !== undefined) checkMs('timeLimitMs', givenMs, 1)
    const runnerMs = runner === undefined ? Number.POSITIVE_INFINITY : runner.ms * SHARE
    this.#ms = Math.min(givenMs ?? Number.POSITIVE_INFINITY, runnerMs)
    this.givenMs = givenMs
    this.runner = runnerMs === this.#ms ? runner : undefined
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  get isOver(): boolean {
    return this.passedMs >= this.#ms
  }

  /** How much real time has passed, in milliseconds. */
  get passedMs(): number {
    return this.#clock.monotonic() - this.#startedAt
  }
}

/** Returns the time in which a written scenario is shrunk. */
export const shrinkLimit = (): TimeLimit => new TimeLimit(SHRINK_MS)
