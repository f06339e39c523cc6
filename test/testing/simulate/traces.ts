import { createHash } from 'node:crypto'
import { runScenario, traceLines } from 'changeover/testing'
import * as fc from 'fast-check'
import { scenariosOf } from '../../../src/testing/simulate/scenario/arbitrary.ts'
import { modulesOf } from '../../../src/testing/simulate/scenario/subject.ts'
import { documents, subject } from './subject.ts'

/** Plays some histories, and returns a hash of their traces. It is equal on every machine and every version of Node. */
export const hashOfTraces = async (seed = 1, histories = 40): Promise<string> => {
  const hash = createHash('sha256')
  for (const scenario of fc.sample(scenariosOf(fc, documents, modulesOf(subject), true), {
    seed,
    numRuns: histories,
  })) {
    hash.update(`${traceLines(await runScenario(scenario, subject))}\n`)
  }
  return hash.digest('hex')
}
