import { MAX_DELAY_MS, type Clock, type TimerHandle } from '../api/clock.ts'
import { clearUnrefTimer, unrefTimer } from './unref-timer.ts'

export interface ScheduleOptions {
  readonly clock: Clock
  readonly intervalMs: number
  readonly unref: boolean
  /** Called when a tick is due; the next tick is armed when it settles. It never rejects. */
  readonly tick: () => Promise<void>
}

/** Makes the ticks of one generation, at `anchor` + n × `intervalMs`, in the clock's monotonic milliseconds. */
export const createSchedule = ({ clock, intervalMs, unref, tick }: ScheduleOptions) => {
  let anchor = 0
  let armed: TimerHandle | undefined
  let isStopped = false

  const arm = (due: number): void => {
    if (isStopped) return
    const delay = Math.min(Math.max(due - clock.monotonic(), 0), MAX_DELAY_MS)
    armed = clock.setTimeout(() => void fire(due), delay)
    if (unref) unrefTimer(armed)
  }

  const fire = async (due: number): Promise<void> => {
    anchor = due
    await tick()
    arm(nextDue())
  }

  // Ticks that came due while the previous one ran, or while the machine slept, are skipped: the phase stays, and there
  // is no burst. Not negative, since Node's timers can be early by a fraction of a millisecond.
  const nextDue = (): number => {
    const missed = Math.max(0, Math.floor((clock.monotonic() - anchor) / intervalMs))
    return anchor + (missed + 1) * intervalMs
  }

  return {
    /** When the last tick was due, whether it ran the task or another generation served. */
    anchor: (): number => anchor,
    /** Arms the first tick: one interval after `from`, or at once if that has passed. */
    start: (from: number): void => {
      anchor = from
      arm(Math.max(from + intervalMs, clock.monotonic()))
    },
    /** Disarms for good. */
    stop: (): void => {
      isStopped = true
      if (armed !== undefined) clearUnrefTimer(clock, armed)
    },
  }
}
