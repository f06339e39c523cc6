import type { Clock } from '../clock.ts'
import type { Failure } from '../model/errors.ts'
import type { Deadlines } from '../options.ts'
import type { ModuleDefinition } from '../registry.ts'
import type { Settings } from '../settings.ts'

/** What the parts of the runner share. */
export interface Runtime {
  readonly clock: Clock
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
): Runtime => ({
  clock,
  concurrency,
  deadlines,
  deadlinesOf: (module) => ({ ...deadlines, ...module.deadlines }),
  onSettled,
  report,
})
