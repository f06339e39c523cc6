import { type Clock, MAX_DELAY_MS } from '../../api/clock.ts'

/** A clock whose time passes only when a test advances it. */
export interface VirtualClock extends Clock {
  /**
   * Lets `ms` milliseconds pass. Timers that are due in that span fire at their own virtual time, in the order of their due
   * times and, if these are equal, of their creation; timers that they arm within the span fire too. Before the first
   * timer and after each one, every promise chain that needs no real I/O runs to its end. `advance(0)` does only that.
   *
   * Overlapping calls run one after the other. At the end of the span the call rejects if a timer's callback threw.
   */
  readonly advance: (ms: number) => Promise<void>
  /** Returns how many timers are armed. */
  readonly pending: () => number
}

/** Options of {@link createVirtualClock}. */
export interface VirtualClockOptions {
  /**
   * The time that `now()` returns at the start, in milliseconds since the Unix epoch.
   * @default 2030-01-01T00:00:00Z
   */
  readonly startAt?: number
}

interface Timer {
  readonly due: number
  readonly callback: () => void
}

const DEFAULT_START = Date.UTC(2030, 0, 1)

/**
 * Creates a {@link VirtualClock} that stands still. Two runs of the same program on it behave alike.
 * @throws RangeError if `startAt` is not a finite number
 * @example
 * const clock = createVirtualClock()
 * clock.setTimeout(() => console.log('fired'), 60_000)
 * await clock.advance(60_000) // prints "fired" at once
 */
export const createVirtualClock = (options: VirtualClockOptions = {}): VirtualClock => {
  const startAt = options.startAt ?? DEFAULT_START
  if (!Number.isFinite(startAt)) throw new RangeError('startAt must be a finite number of milliseconds')
  const timers = new Set<Timer>()
  let elapsed = 0
  let lastAdvance: Promise<void> = Promise.resolve()

  const nextDue = (until: number): Timer | undefined => {
    let first: Timer | undefined
    // A Set iterates in insertion order, so the older of two timers that are due together fires first.
    for (const timer of timers) {
      if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer
    }
    return first
  }

  const run = async (ms: number): Promise<void> => {
    const until = elapsed + ms
    const errors: unknown[] = []
    await settle()
    for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
      timers.delete(timer)
      elapsed = timer.due
      try {
        timer.callback()
      } catch (error) {
        errors.push(error)
      }
      await settle()
    }
    elapsed = until // after the last `settle`, so no callback sees a time at which nothing was due
    throwAll(errors)
  }

  return {
    now: () => startAt + elapsed,
    monotonic: () => elapsed,
    setTimeout: (callback, ms) => {
      const timer = { due: elapsed + delayOf(ms), callback }
      timers.add(timer)
      return timer
    },
    clearTimeout: (handle) => {
      timers.delete(handle as Timer)
    },
    advance: (ms) => {
      if (!(ms >= 0 && Number.isFinite(ms)))
        return Promise.reject(new RangeError('advance() needs a finite number of milliseconds that is not negative'))
      const done = lastAdvance.then(() => run(ms))
      lastAdvance = done.catch(() => undefined)
      return done
    },
    pending: () => timers.size,
  }
}

// Node runs a nextTick callback only when the microtask queue is empty, so one round outlasts a promise chain of any
// length; further rounds cover chains that use nextTick. No round is a macrotask, so no real timer or I/O can interfere.
const SETTLE_ROUNDS = 8

const settle = async (): Promise<void> => {
  for (let round = 0; round < SETTLE_ROUNDS; round++) {
    await new Promise<void>((resolve) => process.nextTick(resolve))
  }
}

// Like Node, which turns a delay below 1 ms or above 2³¹ − 1 ms into 1 ms: a simulation must meet the same trap.
const delayOf = (ms: number): number => (ms >= 1 && ms <= MAX_DELAY_MS ? ms : 1)

const throwAll = (errors: readonly unknown[]): void => {
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} timers threw`)
}
