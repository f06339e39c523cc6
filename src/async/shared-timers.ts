import type { Clock, TimerHandle } from '../api/clock.ts'

/** One call of `setTimeout`, in the row of calls with the same delay. */
interface Entry {
  readonly row: Row
  readonly callback: () => void
  readonly due: number
  before: Entry | undefined
  next: Entry | undefined
  isArmed: boolean
}

/** Entries with one delay are due in the order in which they were made, so one timer, for the first, is enough. */
interface Row {
  first: Entry | undefined
  last: Entry | undefined
  timer: TimerHandle
  isTicking: boolean
}

/**
 * Timers for many short calls with few different deadlines: a thousand modules that are prepared together share one timer
 * (bench: apply). A callback is never early, and at most one millisecond later than the clock's own.
 *
 * Between `hold` and `release` a timer may outlive its last entry; each `hold` needs its `release`.
 */
export class SharedTimers {
  readonly #clock: Clock
  readonly #rows = new Map<number, Row>()
  #holds = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly setTimeout: Clock['setTimeout'] = (callback, ms) => {
    const row = this.#rowOf(ms)
    const before = row.last
    const due = this.#clock.monotonic() + ms
    const entry: Entry = { row, callback, due, before, next: undefined, isArmed: true }
    if (before === undefined) row.first = entry
    else before.next = entry
    row.last = entry
    if (!row.isTicking) this.#arm(row, ms)
    return entry
  }

  readonly clearTimeout = (handle: TimerHandle): void => {
    const entry = handle as Entry | undefined
    if (entry === undefined || !entry.isArmed) return
    take(entry)
    if (this.#holds === 0) this.#disarm(entry.row)
  }

  /** Keeps timers running although no entry waits for them: stopping and starting them costs more. */
  hold(): void {
    this.#holds += 1
  }

  release(): void {
    this.#holds -= 1
    if (this.#holds > 0) return
    for (const row of this.#rows.values()) this.#disarm(row)
  }

  #rowOf(ms: number): Row {
    const known = this.#rows.get(ms)
    if (known !== undefined) return known
    const row: Row = { first: undefined, last: undefined, timer: undefined, isTicking: false }
    this.#rows.set(ms, row)
    return row
  }

  #arm(row: Row, ms: number): void {
    row.isTicking = true
    row.timer = this.#clock.setTimeout(() => this.#fire(row), ms)
  }

  #disarm(row: Row): void {
    if (!row.isTicking || row.first !== undefined) return
    row.isTicking = false
    this.#clock.clearTimeout(row.timer)
  }

  #fire(row: Row): void {
    row.isTicking = false
    const now = this.#clock.monotonic()
    for (let { first } = row; first !== undefined && first.due <= now; first = row.first) {
      take(first)
      first.callback()
    }
    if (row.first !== undefined && !row.isTicking) this.#arm(row, Math.max(1, row.first.due - now))
  }
}

const take = (entry: Entry): void => {
  const { row, before, next } = entry
  entry.isArmed = false
  if (before === undefined) row.first = next
  else before.next = next
  if (next === undefined) row.last = before
  else next.before = before
}
