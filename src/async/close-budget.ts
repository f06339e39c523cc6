import type { Clock, TimerHandle } from '../api/clock.ts'
import { CappedClock } from './capped-clock.ts'

// Shares of the time by which each stage of a close has ended, and what a call that begins later still has.
const WORK_SHARE = 0.5
const MODULES_SHARE = 0.8
const REST_SHARE = 0.95
const LATE_SHARE = 0.02

/**
 * The time that a close may take, shared by all that it waits for. The clocks run as the reloader's own until `limit`;
 * then their timers end in order, so that a call that hangs leaves time to close what comes after it.
 */
export class CloseBudget {
  /** For what runs when the close begins, its undo, and leases. */
  readonly work: CappedClock
  /** For the closes of modules. */
  readonly modules: CappedClock
  /** For the store of the last known good, and the source. */
  readonly rest: CappedClock
  readonly #clock: Clock
  readonly #onOver: (deadlineMs: number) => void
  #until = Number.POSITIVE_INFINITY
  #timer: TimerHandle
  #isOver = false

  constructor(clock: Clock, onOver: (deadlineMs: number) => void) {
    this.#clock = clock
    this.#onOver = onOver
    this.work = new CappedClock(clock)
    this.modules = new CappedClock(clock)
    this.rest = new CappedClock(clock)
  }

  /** The close ends within this time. Of several limits the earliest holds. */
  limit(deadlineMs: number): void {
    const until = this.#clock.monotonic() + deadlineMs
    if (this.#isOver || until >= this.#until) return
    this.#until = until
    const lateMs = deadlineMs * LATE_SHARE
    this.work.cap(deadlineMs * WORK_SHARE, lateMs)
    this.modules.cap(deadlineMs * MODULES_SHARE, lateMs)
    this.rest.cap(deadlineMs * REST_SHARE, lateMs)
    this.#clock.clearTimeout(this.#timer)
    this.#timer = this.#clock.setTimeout(() => {
      this.#isOver = true
      this.#onOver(deadlineMs)
    }, deadlineMs)
  }

  /** The close has ended. */
  end(): void {
    this.#isOver = true
    this.#clock.clearTimeout(this.#timer)
  }
}
