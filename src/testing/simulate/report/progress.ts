import process from 'node:process'
import { type Clock, systemClock } from '../../../api/clock.ts'

/** The part of a stream to a terminal that is used here. */
export interface Terminal {
  readonly isTTY?: boolean
  readonly write: (text: string) => unknown
}

/** A search that ends sooner shows nothing, in milliseconds. */
const QUIET_MS = 1_500
const EVERY_MS = 250
const CLEAR = '\r\u001b[2K'

/** Shows on a terminal how far a long search is, in one line of standard error. It writes nothing to a pipe or a file. */
export class Progress {
  readonly #runs: number
  readonly #terminal: Terminal
  readonly #clock: Clock
  readonly #startedAt: number
  #shownAt: number | undefined

  constructor(runs: number, terminal: Terminal = process.stderr, clock: Clock = systemClock) {
    this.#runs = runs
    this.#terminal = terminal
    this.#clock = clock
    this.#startedAt = clock.monotonic()
  }

  /** Notes how many histories have been played. */
  played(count: number): void {
    const passedMs = this.#clock.monotonic() - this.#startedAt
    const leftMs = (passedMs / count) * Math.max(0, this.#runs - count)
    const left = `${seconds(passedMs)}, about ${seconds(leftMs)} left`
    this.#show(passedMs, `${number(count)} of ${number(this.#runs)} histories, ${left}`)
  }

  /** Notes that a history is broken, and how many smaller ones have been tried. */
  shrinking(count: number): void {
    this.#show(
      this.#clock.monotonic() - this.#startedAt,
      `a history is broken: ${number(count)} smaller ones were tried`,
    )
  }

  /** Removes the line. */
  end(): void {
    if (this.#shownAt !== undefined) this.#terminal.write(CLEAR)
    this.#shownAt = undefined
  }

  #show(passedMs: number, text: string): void {
    if (this.#terminal.isTTY !== true || passedMs < QUIET_MS) return
    if (this.#shownAt !== undefined && passedMs - this.#shownAt < EVERY_MS) return
    this.#shownAt = passedMs
    this.#terminal.write(`${CLEAR}simulate: ${text}`)
  }
}

const number = (count: number): string => count.toLocaleString('en-US')

const seconds = (ms: number): string => `${Math.round(ms / 1_000)} s`
