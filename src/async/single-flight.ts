import { setMaxListeners } from 'node:events'
import { linkSignals, raceAbort } from './abort.ts'

interface Flight<T> {
  readonly controller: AbortController
  readonly result: Promise<T>
  readonly start: () => void
  waiters: number
}

/**
 * Runs a task once at a time. Callers that come while it runs share the next run, so results arrive in the order in
 * which they were produced, and a task that hangs holds one thread of Node's pool, not all of them.
 */
export class SingleFlight<T> {
  readonly #task: (signal: AbortSignal) => Promise<T>
  readonly #closing = new AbortController()
  #running: Flight<T> | undefined
  #queued: Flight<T> | undefined

  /** @param task gets a signal that aborts when no caller waits for its result any more. */
  constructor(task: (signal: AbortSignal) => Promise<T>) {
    this.#task = task
    // Every caller under way listens to it, and removes its listener at the end.
    setMaxListeners(0, this.#closing.signal)
  }

  /**
   * Resolves with the result of a run that starts after this call. Rejects with the signal's reason as soon as `signal`
   * aborts, and with the reason of `close` after that.
   */
  async join(signal: AbortSignal): Promise<T> {
    const linked = linkSignals(this.#closing.signal, signal)
    try {
      linked.signal.throwIfAborted()
      const flight = this.#nextFlight()
      flight.waiters += 1
      try {
        return await raceAbort(flight.result, linked.signal)
      } finally {
        this.#leave(flight)
      }
    } finally {
      linked.unlink()
    }
  }

  /** Rejects all calls of `join`, now and later. */
  close(reason: Error): void {
    this.#closing.abort(reason)
  }

  #nextFlight(): Flight<T> {
    if (this.#running !== undefined) {
      this.#queued ??= this.#createFlight()
      return this.#queued
    }
    this.#running = this.#createFlight()
    this.#running.start()
    return this.#running
  }

  #createFlight(): Flight<T> {
    const controller = new AbortController()
    let start: () => void = () => undefined
    const result = new Promise<void>((resolve) => {
      start = resolve
    }).then(() => this.#task(controller.signal))
    const land = (): void => {
      this.#running = this.#queued
      this.#queued = undefined
      this.#running?.start()
    }
    result.then(land, land)
    return { controller, result, start, waiters: 0 }
  }

  #leave(flight: Flight<T>): void {
    flight.waiters -= 1
    if (flight.waiters > 0) return
    // No caller waits any more: a queued flight never starts, and a running one can stop early.
    if (this.#queued === flight) this.#queued = undefined
    flight.controller.abort()
  }
}
