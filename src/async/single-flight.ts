import { SourceError } from '../api/source.ts'
import { untilAborted } from './abort.ts'

interface Flight<T> {
  readonly controller: AbortController
  readonly result: Promise<T>
  readonly start: () => void
  waiters: number
}

/** One read at a time for all who ask. */
export interface SharedRead<T> {
  /**
   * The result of a read that started after this call. Rejects with `source.timeout` as soon as `signal` aborts and
   * with `source.closed` after `close`.
   */
  readonly join: (signal: AbortSignal) => Promise<T>
  readonly close: () => void
}

/**
 * Makes reads wait in turn, and those that wait share the next one. So results come in the order of what they found,
 * and a filesystem that hangs holds one thread of Node's pool, not all of them.
 */
export const createSharedRead = <T>(load: (signal: AbortSignal) => Promise<T>): SharedRead<T> => {
  const givers = new Set<() => void>()
  let isClosed = false
  let running: Flight<T> | undefined
  let queued: Flight<T> | undefined

  const createFlight = (): Flight<T> => {
    const controller = new AbortController()
    let start: () => void = () => undefined
    const result = new Promise<void>((resolve) => {
      start = resolve
    }).then(() => load(controller.signal))
    const landed = (): void => {
      running = undefined
      const next = queued
      queued = undefined
      if (next !== undefined) launch(next)
    }
    result.then(landed, landed)
    return { controller, result, start, waiters: 0 }
  }

  const launch = (flight: Flight<T>): void => {
    running = flight
    flight.start()
  }

  const nextFlight = (): Flight<T> => {
    if (running !== undefined) {
      queued ??= createFlight()
      return queued
    }
    const flight = createFlight()
    launch(flight)
    return flight
  }

  const leave = (flight: Flight<T>): void => {
    flight.waiters -= 1
    if (flight.waiters > 0) return
    // Nobody wants it any more: one that waits is never started, one that runs gives up its pauses.
    if (queued === flight) queued = undefined
    flight.controller.abort()
  }

  return {
    join: async (signal) => {
      if (isClosed) throw new SourceError('source.closed')
      if (signal.aborted) throw new SourceError('source.timeout', signal.reason)
      const flight = nextFlight()
      flight.waiters += 1
      const given = new AbortController()
      const give = (): void => given.abort()
      signal.addEventListener('abort', give, { once: true })
      givers.add(give)
      try {
        return await untilAborted(flight.result, given.signal)
      } catch (error) {
        throw isClosed ? new SourceError('source.closed') : error
      } finally {
        signal.removeEventListener('abort', give)
        givers.delete(give)
        leave(flight)
      }
    },
    close: () => {
      isClosed = true
      for (const give of givers) give()
    },
  }
}
