import type { Clock } from '../clock.ts'
import type { Failure } from '../model/errors.ts'
import type { Deadlines } from '../options.ts'
import type { ModuleDefinition } from '../registry.ts'
import type { Settings } from '../settings.ts'
import { SharedTimers } from './shared-timers.ts'

/** What the parts of the runner share. */
export interface Runtime {
  readonly clock: Clock
  /** For the deadlines of calls: what a thousand modules need at once is few timers. */
  readonly timers: SharedTimers
  readonly concurrency: number
  readonly deadlines: Required<Deadlines>
  /** A module's own deadlines over the reloader's. */
  readonly deadlinesOf: (module: ModuleDefinition) => Required<Deadlines>
  /** A call that was given up has ended after all. */
  readonly onSettled: () => void
  /** Logs and counts what belongs to no transaction any more. */
  readonly report: (failure: Failure) => void
}

export const runtimeOf = (
  { clock, concurrency, deadlines }: Settings,
  report: Runtime['report'],
  onSettled: Runtime['onSettled'],
): Runtime => {
  const own = new Map<ModuleDefinition, Required<Deadlines>>()
  return {
    clock,
    timers: new SharedTimers(clock),
    concurrency,
    deadlines,
    deadlinesOf: (module) => {
      const known = own.get(module)
      if (known !== undefined) return known
      const resolved = { ...deadlines, ...module.deadlines }
      own.set(module, resolved)
      return resolved
    },
    onSettled,
    report,
  }
}
