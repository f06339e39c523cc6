import type { Clock } from '../api/clock.ts'
import type { Writable } from '../model/data/writable.ts'
import { GuardedAbortController } from '../async/guarded-abort.ts'
import { clearUnrefTimer, unrefTimer } from './unref-timer.ts'

/** The instance of a {@link timer} module. */
export interface Ticker<Result, None = undefined> {
  /** The last result. Before the first one of this generation: the last result of the generation that it replaced. */
  readonly last: Result | None
  /** When `last` arrived, in milliseconds since the Unix epoch. */
  readonly lastAt: number | None
  /**
   * Runs the task now, in addition to its ticks, or joins the run under way. Rejects if the task fails, and if the
   * module is closed. The error is also reported, so the promise may be ignored.
   */
  readonly runNow: () => Promise<Result>
}

export interface TaskRunnerOptions<Result> {
  readonly task: (signal: AbortSignal) => Promise<Result> | Result
  readonly clock: Clock
  readonly deadlineMs: number
  readonly unref: boolean
  readonly report: (error: unknown) => void
}

/** Runs the task of one generation, never twice at once. */
export const createTaskRunner = <Result>(options: TaskRunnerOptions<Result>) => {
  const { task, clock, deadlineMs, unref, report } = options
  let running: Promise<Result> | undefined
  let controller: GuardedAbortController | undefined
  let isClosed = false

  const run = async (signal: AbortSignal): Promise<Result> => {
    const result = await task(signal)
    ticker.last = result
    ticker.lastAt = clock.now()
    return result
  }

  const start = (): Promise<Result> => {
    if (isClosed) {
      const closed = Promise.reject(new Error('The timer is closed'))
      closed.catch(noop) // a caller that ignores the promise must not end the process
      return closed
    }
    if (running !== undefined) return running
    const current = new GuardedAbortController(report)
    controller = current
    const deadline = clock.setTimeout(() => {
      current.abort(new DOMException('The task of the timer takes too long', 'TimeoutError'))
      report(current.signal.reason)
    }, deadlineMs)
    if (unref) unrefTimer(deadline)
    const settle = (): void => {
      running = undefined
      clearUnrefTimer(clock, deadline)
    }
    running = run(current.signal)
    running.then(settle, (error: unknown) => {
      settle()
      // An error after an abort is either reported already or expected.
      if (!current.signal.aborted) report(error)
    })
    return running
  }

  // Plain properties: V8 makes an object with accessors slowly, and each generation has one (bench: reload).
  const ticker: Writable<Ticker<Result>> = { last: undefined, lastAt: undefined, runNow: start }
  return {
    ticker: ticker as Ticker<Result>,
    /** Runs the task, or joins the run under way. Resolves when the run has settled, even if it failed. */
    tick: (): Promise<void> => start().then(noop, noop),
    /** Runs the task during prepare. It aborts with `signal`, and only the caller gets its error. */
    warm: run,
    /** Takes over the last result until the first run of its own. */
    inherit: (from: Ticker<Result>): void => {
      ticker.last = from.last
      ticker.lastAt = from.lastAt
    },
    /** Aborts the run under way and waits for its end, if there is one. */
    close: (): Promise<void> | undefined => {
      isClosed = true
      if (running === undefined) return undefined
      controller?.abort(new DOMException('The timer is closed', 'AbortError'))
      return running.then(noop, noop)
    },
  }
}

const noop = (): void => undefined
