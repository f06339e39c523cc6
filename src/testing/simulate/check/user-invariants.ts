import { ignoreRejection, isThenable } from '../../../async/thenable.ts'
import type { SimulationView, Subject } from '../scenario/subject.ts'
import type { RunLog } from './run-log.ts'
import { errorText } from './stray-errors.ts'

/** Checks the user's invariants, and notes which of the user's `sometimes` conditions are met. */
export const checkUserInvariants = <Config>(
  { invariants = {}, sometimes = {} }: Subject<Config>,
  view: SimulationView<Config>,
  log: RunLog,
): void => {
  for (const [name, invariant] of Object.entries(invariants)) call(name, log, () => invariant(view))
  for (const [name, condition] of Object.entries(sometimes)) {
    if (!log.sometimes.has(name) && call(name, log, () => condition(view)) === true) log.sometimes.add(name)
  }
}

/** Calls a function of the user. A throw is a violation, and so is a promise: it would describe a later moment. */
const call = <T>(name: string, log: RunLog, check: () => T): T | undefined => {
  try {
    const result = check()
    if (!isThenable(result)) return result
    ignoreRejection(result) // or it would count as a stray rejection
    log.breach(name, 'it is asynchronous: `invariants` and `sometimes` must return synchronously')
  } catch (error) {
    log.breach(name, error instanceof Error ? error.message : errorText(error), error)
  }
  return undefined
}
