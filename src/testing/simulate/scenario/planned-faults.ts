import type { FaultKind } from './scenario.ts'

/** One kind of failure, to be given to `fault`. */
export interface PlannedFault {
  readonly kind: FaultKind
}

const planned = (kind: FaultKind) => (): PlannedFault => ({ kind })

/** What can go wrong in a call of a module. */
export const faults = {
  throw: planned('throw'),
  reject: planned('reject'),
  nonError: planned('non-error'),
  hang: planned('hang'),
  late: planned('late'),
  afterAbort: planned('after-abort'),
  ignoreSignal: planned('ignore-signal'),
  twice: planned('twice'),
  crash: planned('crash'),
} as const

/** The call never ends: `faults.hang()`. */
export const hang = faults.hang
/** The call fails: `faults.reject()`. */
export const fail = faults.reject
