import type { Limits } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import type { Failure } from '../model/failure.ts'
import type { Deadlines } from '../api/options.ts'
import type { ModuleDefinition } from '../modules/registry.ts'
import type { Settings } from '../settings/settings.ts'
import { SharedTimers } from '../async/shared-timers.ts'

/** What the parts of the runner share. */
export interface ApplyDeps {
  readonly clock: Clock
  /** For the deadlines of calls: what a thousand modules need at once is few timers. */
  readonly timers: SharedTimers
  readonly concurrency: number
  readonly deadlines: Required<Deadlines>
  /** A module's own deadlines over the reloader's. */
  readonly deadlinesOf: (module: ModuleDefinition) => Required<Deadlines>
  /** Those of its prepare, on the shared timers. */
  readonly prepareLimitsOf: (module: ModuleDefinition) => Limits
  /** A call that was given up has ended after all. */
  readonly onSettled: () => void
  /** Logs and counts what belongs to no transaction any more. */
  readonly report: (failure: Failure) => void
}

export const applyDepsOf = (
  { clock, concurrency, deadlines }: Settings,
  report: ApplyDeps['report'],
  onSettled: ApplyDeps['onSettled'],
): ApplyDeps => {
  const timers = new SharedTimers(clock)
  const deadlinesOf = once((module) => ({ ...deadlines, ...module.deadlines }))
  const prepareLimitsOf = once((module): Limits => {
    const { prepareMs, graceMs } = deadlinesOf(module)
    return { clock: timers, deadlineMs: prepareMs, graceMs }
  })
  return { clock, timers, concurrency, deadlines, deadlinesOf, prepareLimitsOf, onSettled, report }
}

/** Made once a module. */
const once = <Value extends object>(make: (module: ModuleDefinition) => Value) => {
  const made = new Map<ModuleDefinition, Value>()
  return (module: ModuleDefinition): Value => {
    const known = made.get(module)
    if (known !== undefined) return known
    const value = make(module)
    made.set(module, value)
    return value
  }
}
