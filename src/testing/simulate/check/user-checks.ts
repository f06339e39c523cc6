import { ignoreRejection, isThenable } from '../../../async/thenable.ts'
import type { Chronicle } from './run-log.ts'
import { errorText } from './stray-errors.ts'
import type { SimulationView, Subject } from '../scenario/subject.ts'

/** Asks a user's own function. What throws is broken, and what answers later has seen another moment. */
const ask = <T>(name: string, chronicle: Chronicle, check: () => T): T | undefined => {
  try {
    const answer = check()
    if (!isThenable(answer)) return answer
    ignoreRejection(answer) // it is no stray rejection
    chronicle.breach(name, 'it is asynchronous: invariants and `sometimes` must answer at once')
  } catch (error) {
    chronicle.breach(name, error instanceof Error ? error.message : errorText(error), error)
  }
  return undefined
}

/** Holds the users' invariants, and notes what must sometimes be seen. */
export const askUsers = <Config>(
  { invariants = {}, sometimes = {} }: Subject<Config>,
  view: SimulationView<Config>,
  chronicle: Chronicle,
): void => {
  for (const [name, invariant] of Object.entries(invariants)) ask(name, chronicle, () => invariant(view))
  for (const [name, isSeen] of Object.entries(sometimes)) {
    if (!chronicle.sometimes.has(name) && ask(name, chronicle, () => isSeen(view)) === true)
      chronicle.sometimes.add(name)
  }
}
