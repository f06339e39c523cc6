import type { Applier, Generation, InlineApplier, PrepareContext } from '../api/applier.ts'
import { checkMs, MAX_DELAY_MS } from '../model/option-checks.ts'
import { permanent } from '../model/permanence.ts'
import { createSchedule } from './schedule.ts'
import { createTaskRunner, type Ticker } from './task-runner.ts'

export type { Ticker } from './task-runner.ts'

/** What the slice of a {@link timer} must have; the task may require more. */
export interface TimerSlice {
  /** The time from one tick to the next, in milliseconds: 1 to 2,147,483,647. */
  readonly intervalMs: number
}

/** What the task of a {@link timer} gets with every run. */
export interface TimerRun<Slice, Needs extends object = object> {
  readonly slice: Slice
  /** The instances named in the module's `needs`. */
  readonly needs: Needs
  /** Aborts when the run takes too long, and when the module is closed. */
  readonly signal: AbortSignal
}

/** Options of {@link timer}. */
export interface TimerOptions {
  /**
   * Runs the task once during prepare, with the new slice and the staged needs: its result serves from the commit on,
   * and its failure rejects the config. The old generation serves meanwhile, so the run must not change what others see.
   * Without it, the last result of the old generation serves until the first tick of the new one.
   * @default false
   */
  readonly warm?: boolean
  /** Whether the process may end while the timer is armed. @default true */
  readonly unref?: boolean
  /**
   * When the first tick after a change is due. `keep`: one new interval after the last tick, or at once if that has
   * passed, so that frequent changes cannot starve it. `restart`: one new interval after the commit.
   * @default 'keep'
   */
  readonly phase?: 'keep' | 'restart'
  /**
   * How long one run may take, in milliseconds. After that its signal aborts, which is reported. The next tick waits
   * until the run has settled.
   * @default 60_000
   */
  readonly deadlineMs?: number
}

/** The task of a {@link timer}. */
export type TimerTask<Slice, Result, Needs extends object = object> = (
  run: TimerRun<Slice, Needs>,
) => Promise<Result> | Result

const DEFAULT_DEADLINE_MS = 60_000

/**
 * Makes an applier that runs a task every `intervalMs` of the slice. `reloader.modules.name.current` has the last result.
 *
 * Ticks keep their phase. A tick that comes due while the previous one still runs is skipped, so a generation never runs
 * its task twice at once. A change neither loses nor doubles a tick, and a rollback continues the old generation as if
 * it had never stopped. An error of the task is reported, and the timer continues. After a change, the new generation
 * may run its task while a run of the old one is under way; that run is aborted when the old generation is closed.
 *
 * A slice whose `intervalMs` no timer can hold rejects the config.
 * @throws ChangeoverError `reloader.invalid-option` if `deadlineMs` is not a valid delay
 * @example
 * ```ts
 * const refresh = ({ needs, signal }: TimerRun<{ intervalMs: number }, { pool: Pool }>) => loadRows(needs.pool, signal)
 *
 * reloader.use('cache', (config) => config.cache, timer(refresh, { warm: true }), { needs: { pool: 'db' } })
 * reloader.modules.cache.current.last
 * ```
 */
export function timer<Slice extends TimerSlice, Result, Needs extends object = object>(
  task: TimerTask<Slice, Result, Needs>,
  options: TimerOptions & { readonly warm: true },
): InlineApplier<Slice, Ticker<Result, never>, Needs>
export function timer<Slice extends TimerSlice, Result, Needs extends object = object>(
  task: TimerTask<Slice, Result, Needs>,
  options?: TimerOptions,
): InlineApplier<Slice, Ticker<Result>, Needs>
export function timer<Slice extends TimerSlice, Result, Needs extends object = object>(
  task: TimerTask<Slice, Result, Needs>,
  { warm = false, unref = true, phase = 'keep', deadlineMs = DEFAULT_DEADLINE_MS }: TimerOptions = {},
): InlineApplier<Slice, Ticker<Result>, Needs> {
  checkMs('deadlineMs', deadlineMs, 1)
  let serving: { readonly ticker: Ticker<Result>; readonly anchor: () => number } | undefined

  const prepare = (slice: Slice, context: PrepareContext<Slice, Needs>): Prepared<Result> => {
    const { intervalMs } = slice
    checkInterval(intervalMs)
    const { clock, needs, report, isServing } = context
    const runTask = (signal: AbortSignal): Promise<Result> | Result => task({ slice, needs, signal })
    const runner = createTaskRunner({ task: runTask, clock, deadlineMs, unref, report })
    const tick = async (): Promise<void> => {
      // During the soak the old generation keeps its phase but leaves the work to the new one.
      if (isServing()) await runner.tick()
    }
    const schedule = createSchedule({ clock, intervalMs, unref, tick })
    const own = { ticker: runner.ticker, anchor: schedule.anchor }
    let before: typeof serving
    const generation: Generation<Ticker<Result>> = {
      instance: runner.ticker,
      commit: () => {
        // A module that was switched off starts again: the generation before that is gone.
        before = context.previous === undefined ? undefined : serving
        if (before !== undefined && !warm) runner.inherit(before.ticker)
        schedule.start(phase === 'keep' && before !== undefined ? before.anchor() : clock.monotonic())
        serving = own
        return undefined
      },
      rollback: () => {
        schedule.stop()
        if (serving === own) serving = before
        return undefined
      },
      close: () => {
        schedule.stop()
        before = undefined // otherwise every generation would hold the previous one
        return runner.close()
      },
    }
    return warm ? runner.warm(context.signal).then(() => generation) : generation
  }
  return { prepare } satisfies Applier<Slice, Ticker<Result>, Needs> as InlineApplier<Slice, Ticker<Result>, Needs>
}

type Prepared<Result> = Generation<Ticker<Result>> | Promise<Generation<Ticker<Result>>>

const checkInterval = (ms: unknown): void => {
  if (typeof ms === 'number' && ms >= 1 && ms <= MAX_DELAY_MS) return
  throw permanent(new RangeError(`intervalMs must be 1 to ${MAX_DELAY_MS} milliseconds`))
}
