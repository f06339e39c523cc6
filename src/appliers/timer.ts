import type { Applier, Generation, PrepareContext } from '../api/applier.ts'
import { MAX_DELAY_MS } from '../api/clock.ts'
import { assertDelay } from './bounds.ts'
import { createSchedule, type Schedule } from './schedule.ts'
import { createRuns, type Runs, type Ticker } from './ticker.ts'

export type { Ticker } from './ticker.ts'

/** What the slice of a {@link timer} must have; the task may ask for more. */
export interface TimerSlice {
  /** Time from one tick to the next, in milliseconds: 1 to 2 147 483 647. */
  readonly intervalMs: number
}

/** What the task of a {@link timer} gets with every run. */
export interface TimerRun<Slice, Needs extends object = object> {
  readonly slice: Slice
  /** The instances that were asked for with `needs`. */
  readonly needs: Needs
  /** Aborts when the run takes too long and when the module is closed. */
  readonly signal: AbortSignal
}

/** Options of {@link timer}. */
export interface TimerOptions {
  /**
   * Runs the task once during prepare, with the new slice and the staged needs: its result serves from the commit on,
   * and its failure refuses the config. The old generation serves meanwhile, so the run must not change what others
   * see. Default: false, the last result of the old generation serves until the first tick of the new one.
   */
  readonly warm?: boolean
  /** Whether the timer lets the process end. Default: true. */
  readonly unref?: boolean
  /**
   * When the first tick after a change is due. `keep`: at the last tick + the new interval, at once where that is past,
   * so frequent changes cannot starve it. `restart`: at the commit + the new interval. Default: `keep`.
   */
  readonly phase?: 'keep' | 'restart'
  /**
   * How long one run may take, in milliseconds: then its signal aborts, and that is reported. There is no tick until it
   * has settled. Default: 60 000.
   */
  readonly deadlineMs?: number
}

/** The task of a {@link timer}. */
export type TimerTask<Slice, Result, Needs extends object = object> = (
  run: TimerRun<Slice, Needs>,
) => Promise<Result> | Result

interface Served<Result> {
  readonly runs: Runs<Result>
  readonly schedule: Schedule
}

const DEFAULT_DEADLINE_MS = 60_000

/**
 * Runs a task every `intervalMs` of the slice; `reloader.modules.name.current` has its last result.
 *
 * Ticks keep their phase. One that comes due while the one before still runs is passed over, so a generation never runs
 * its task twice at once. Over a change no tick is lost or doubled; a rollback continues the old generation as if it had
 * never stopped. An error of the task is reported; the timer goes on. A change runs the task of the new generation even
 * where one of the old is under way; that one is aborted when the old generation is closed.
 *
 * A slice whose `intervalMs` no timer can hold refuses the config. Throws `reloader.invalid-option` for a `deadlineMs`
 * that is none.
 */
export function timer<Slice extends TimerSlice, Result, Needs extends object = object>(
  task: TimerTask<Slice, Result, Needs>,
  options: TimerOptions & { readonly warm: true },
): Applier<Slice, Ticker<Result, never>, Needs>
export function timer<Slice extends TimerSlice, Result, Needs extends object = object>(
  task: TimerTask<Slice, Result, Needs>,
  options?: TimerOptions,
): Applier<Slice, Ticker<Result>, Needs>
export function timer<Slice extends TimerSlice, Result, Needs extends object = object>(
  task: TimerTask<Slice, Result, Needs>,
  { warm = false, unref = true, phase = 'keep', deadlineMs = DEFAULT_DEADLINE_MS }: TimerOptions = {},
): Applier<Slice, Ticker<Result>, Needs> {
  assertDelay('deadlineMs', deadlineMs)
  let serving: Served<Result> | undefined

  const prepare = async (slice: Slice, context: PrepareContext<Slice, Needs>): Promise<Generation<Ticker<Result>>> => {
    const { intervalMs } = slice
    assertInterval(intervalMs)
    const { clock, needs, report, isServing } = context
    const runs = createRuns({ task: (signal) => task({ slice, needs, signal }), clock, deadlineMs, unref, report })
    const tick = async (): Promise<void> => {
      // During the soak the old generation keeps its time but leaves the work to the new one.
      if (isServing()) await runs.tick()
    }
    const own: Served<Result> = { runs, schedule: createSchedule({ clock, intervalMs, unref, tick }) }
    let before: Served<Result> | undefined
    if (warm) await runs.warm(context.signal)
    return {
      instance: runs.ticker,
      commit: () => {
        // What served before a module was switched off is gone: a new start.
        before = context.previous === undefined ? undefined : serving
        if (before !== undefined && !warm) runs.inherit(before.runs)
        own.schedule.start(phase === 'keep' && before !== undefined ? before.schedule.anchor() : clock.monotonic())
        serving = own
        return undefined
      },
      rollback: () => {
        own.schedule.stop()
        if (serving === own) serving = before
        return undefined
      },
      close: async () => {
        own.schedule.stop()
        before = undefined // else every generation would hold the one before
        await runs.close()
      },
    }
  }
  return { prepare }
}

const assertInterval = (ms: unknown): void => {
  if (typeof ms === 'number' && ms >= 1 && ms <= MAX_DELAY_MS) return
  throw new RangeError(`intervalMs takes 1 to ${MAX_DELAY_MS} milliseconds`)
}
