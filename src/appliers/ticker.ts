import type { Clock } from '../api/clock.ts'
import { clearUnrefTimer, unrefTimer } from './bounds.ts'

/** What users of a timer module work with. */
export interface Ticker<Result, None = undefined> {
  /** The last result. Before the first one of this generation: the last of the generation that it replaced, if any. */
  readonly last: Result | None
  /** When `last` came, in milliseconds since the Unix epoch. */
  readonly lastAt: number | None
  /**
   * Runs the task now, besides its ticks, or joins the run that is under way. Rejects as the task does, and when the
   * module is closed; an error is reported as well, so the promise may be left alone.
   */
  readonly runNow: () => Promise<Result>
}

/** The runs of one generation: never two at once. */
export interface Runs<Result> {
  readonly ticker: Ticker<Result>
  /** Runs the task, or joins the run under way; resolves when it has settled, whatever became of it. */
  readonly tick: () => Promise<void>
  /** The first run, of a prepare: it aborts with `signal`, and its error is the caller's alone. */
  readonly warm: (signal: AbortSignal) => Promise<void>
  /** Takes over the last result, for the time until there is an own one. */
  readonly inherit: (from: Runs<Result>) => void
  /** Aborts the run under way and waits for its end. */
  readonly close: () => Promise<void>
}

export interface RunsOptions<Result> {
  readonly task: (signal: AbortSignal) => Promise<Result> | Result
  readonly clock: Clock
  readonly deadlineMs: number
  readonly unref: boolean
  readonly report: (error: unknown) => void
}

export const createRuns = <Result>({ task, clock, deadlineMs, unref, report }: RunsOptions<Result>): Runs<Result> => {
  let last: Result | undefined
  let lastAt: number | undefined
  let running: Promise<Result> | undefined
  let controller: AbortController | undefined
  let isClosed = false

  const run = async (signal: AbortSignal): Promise<Result> => {
    const result = await task(signal)
    last = result
    lastAt = clock.now()
    return result
  }

  const start = (): Promise<Result> => {
    if (isClosed) return refused()
    if (running !== undefined) return running
    const current = new AbortController()
    controller = current
    const deadline = clock.setTimeout(() => {
      current.abort(new DOMException('The task of the timer takes too long', 'TimeoutError'))
      report(current.signal.reason)
    }, deadlineMs)
    if (unref) unrefTimer(deadline)
    const settled = (): void => {
      running = undefined
      clearUnrefTimer(clock, deadline)
    }
    running = run(current.signal)
    running.then(settled, (error: unknown) => {
      settled()
      // What an abort brings about is reported already, or wanted.
      if (!current.signal.aborted) report(error)
    })
    return running
  }

  return {
    ticker: {
      get last() {
        return last
      },
      get lastAt() {
        return lastAt
      },
      runNow: start,
    },
    tick: () => start().then(nothing, nothing),
    warm: async (signal) => {
      await run(signal)
    },
    inherit: (from) => {
      last = from.ticker.last
      lastAt = from.ticker.lastAt
    },
    close: async () => {
      isClosed = true
      controller?.abort(new DOMException('The timer is closed', 'AbortError'))
      await running?.then(nothing, nothing)
    },
  }
}

const nothing = (): void => undefined

const refused = (): Promise<never> => {
  const promise = Promise.reject(new Error('The timer is closed'))
  promise.catch(nothing) // who leaves the promise alone does not end the process
  return promise
}
