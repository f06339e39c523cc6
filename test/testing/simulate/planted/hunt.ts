import { SimulationError, simulate } from 'changeover/testing'
import * as fc from 'fast-check'
import { play } from '../../../../src/testing/simulate/play/run.ts'
import { scenariosOf } from '../../../../src/testing/simulate/scenario/arbitrary.ts'
import { modulesOf } from '../../../../src/testing/simulate/scenario/subject.ts'
import { documents, subject } from '../subject.ts'
import type { Finding } from './finding.ts'

// Runs in a copy with a planted fault. It searches from each seed, and prints one line of JSON for each.
const [mode, ...numbers] = process.argv.slice(2)
const [runs = 1_000, ...seeds] = numbers.map(Number)

const held = 'every invariant held'

const hunt = async (seed: number): Promise<Finding> => {
  try {
    await simulate({ ...subject, documents, seed, runs })
    return { seed, isFound: false, why: held }
  } catch (error) {
    if (!(error instanceof SimulationError) || error.scenario === undefined || error.code !== 'simulate.broken') {
      return { seed, isFound: false, why: String(error).slice(0, 300) }
    }
    const { steps, during = [], faults } = error.scenario
    const [first] = error.violations
    return {
      seed,
      isFound: first !== undefined,
      why: `${first?.invariant}: ${first?.message}`,
      steps: steps.length + during.length,
      faults: faults.length,
      histories: Number(error.path?.split(':')[0]) + 1,
      scenario: error.scenario,
    }
  }
}

/** Plays the same histories until one breaks, and does not make it smaller: that takes most of the time. */
const count = async (seed: number): Promise<Finding> => {
  let histories = 0
  let why = held
  const scenarios = scenariosOf(fc, documents, modulesOf(subject), true)
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    histories += 1
    const [first] = (await play(scenario, subject)).violations
    if (first === undefined) return
    why = `${first.invariant}: ${first.message}`
    throw new Error(why)
  })
  await fc.check(property, { seed, numRuns: runs, endOnFailure: true })
  return why === held ? { seed, isFound: false, why } : { seed, isFound: true, why, histories }
}

const search = mode === 'count' ? count : hunt
for (const seed of seeds) process.stdout.write(`${JSON.stringify(await search(seed))}\n`)
