import type { Clock } from '../api/clock.ts'
import { guardClock } from '../async/guarded-clock.ts'
import { type ErrorCode, type Failure, failure, isChangeoverError } from '../model/failure.ts'

/** What one module gets for work in the background: none of it can end the process. */
export interface ModuleGuard {
  /** The reloader's clock; what a timer's callback throws is reported. */
  readonly clock: Clock
  /** Reports an error of background work. */
  readonly report: (error: unknown) => void
}

/** The guard of each module, made once: a prepare makes none of its own (bench: apply). */
export class ModuleGuards {
  readonly #clock: Clock
  readonly #report: (failure: Failure) => void
  readonly #byModule = new Map<string, ModuleGuard>()

  constructor(clock: Clock, report: (failure: Failure) => void) {
    this.#clock = clock
    this.#report = report
  }

  of(module: string): ModuleGuard {
    const known = this.#byModule.get(module)
    if (known !== undefined) return known
    const report = (error: unknown): void => this.#report(failure(codeOf(error), { module }, error))
    const guard = { clock: guardClock(this.#clock, report), report }
    this.#byModule.set(module, guard)
    return guard
  }
}

/** An applier of ours may report something else than a failure of background work. */
const codeOf = (error: unknown): ErrorCode => {
  try {
    return isChangeoverError(error) && error.code === 'module.level-filtered' ? error.code : 'module.background-failed'
  } catch {
    return 'module.background-failed' // a getter of the error threw
  }
}
