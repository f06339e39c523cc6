import { SimulationError, simulate } from 'changeover/testing'
import { documents, subject } from '../subject.ts'
import type { Finding } from './finding.ts'

// Runs in a copy with a planted fault. It searches from each seed, and prints one line of JSON for each.
const [runs, ...seeds] = process.argv.slice(2).map(Number)

const hunt = async (seed: number): Promise<Finding> => {
  try {
    await simulate({ ...subject, documents, seed, ...(runs === undefined ? {} : { runs }) })
    return { seed, isFound: false, why: 'every invariant held' }
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

for (const seed of seeds) process.stdout.write(`${JSON.stringify(await hunt(seed))}\n`)
