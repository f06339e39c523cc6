import { MAX_DELAY_MS, type Clock } from '../../api/clock.ts'

/** A clock whose time passes only when a test says so. */
export interface VirtualClock extends Clock {
  /**
   * Lets `ms` milliseconds pass. Timers due in that span fire in the order of their time, then of their making, each at
   * its own virtual time; timers that they arm within the span fire too. Before the first and after each,
   * all promise chains that can go on without real I/O run to their end. `advance(0)` does only that.
   *
   * Calls that overlap run one after the other. Rejects, after the whole span, with what a timer's callback threw.
   */
  readonly advance: (ms: number) => Promise<void>
  /** How many timers are armed. */
  readonly pending: () => number
}

/** Options of {@link createVirtualClock}. */
export interface VirtualClockOptions {
  /** What `now()` says at the start, in milliseconds since the Unix epoch. Default: 2030-01-01T00:00:00Z. */
  readonly startAt?: number
}

interface Timer {
  readonly id: number
  readonly due: number
  readonly callback: () => void
}

const DEFAULT_START = Date.UTC(2030, 0, 1)

// Node runs a nextTick callback only once the microtask queue is empty, so each round here waits until every promise
// chain has come to rest, however long it is. More rounds, for chains that themselves pass through nextTick. No round
// is a macrotask: no real timer or I/O can slip in, which keeps runs repeatable.
const SETTLE_ROUNDS = 8

const settle = async (): Promise<void> => {
  for (let round = 0; round < SETTLE_ROUNDS; round++) {
    await new Promise<void>((resolve) => process.nextTick(resolve))
  }
}

// As Node does: what is no delay of 1 ms to 2³¹ − 1 ms becomes 1 ms, so that a simulation meets the same trap.
const delayOf = (ms: number): number => (ms >= 1 && ms <= MAX_DELAY_MS ? ms : 1)

const throwAll = (errors: readonly unknown[]): void => {
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new AggregateError(errors, `${errors.length} timers threw`)
}

/** Makes a {@link VirtualClock} that stands still. Two runs of the same program on it go the same way. */
export const createVirtualClock = (options: VirtualClockOptions = {}): VirtualClock => {
  const startAt = options.startAt ?? DEFAULT_START
  if (!Number.isFinite(startAt)) throw new RangeError('startAt must be a finite number of milliseconds')
  const timers = new Map<number, Timer>()
  let elapsed = 0
  let lastId = 0
  let last: Promise<void> = Promise.resolve()

  const nextDue = (until: number): Timer | undefined => {
    let first: Timer | undefined
    // A Map is walked in the order of making, so of two timers due together the older one stays.
    for (const timer of timers.values()) {
      if (timer.due <= until && (first === undefined || timer.due < first.due)) first = timer
    }
    return first
  }

  const run = async (ms: number): Promise<void> => {
    const until = elapsed + ms
    const errors: unknown[] = []
    await settle()
    for (let timer = nextDue(until); timer !== undefined; timer = nextDue(until)) {
      timers.delete(timer.id)
      elapsed = timer.due
      try {
        timer.callback()
      } catch (error) {
        errors.push(error)
      }
      await settle()
    }
    elapsed = until // nothing has run since all came to rest
    throwAll(errors)
  }

  return {
    now: () => startAt + elapsed,
    monotonic: () => elapsed,
    setTimeout: (callback, ms) => {
      const id = ++lastId
      timers.set(id, { id, due: elapsed + delayOf(ms), callback })
      return id
    },
    clearTimeout: (handle) => {
      timers.delete(handle as number)
    },
    advance: (ms) => {
      if (!(ms >= 0 && Number.isFinite(ms)))
        return Promise.reject(new RangeError('advance takes a finite number of ms, 0 or more'))
      const done = last.then(() => run(ms))
      last = done.catch(() => undefined)
      return done
    },
    pending: () => timers.size,
  }
}
