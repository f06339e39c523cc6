import type * as FastCheck from 'fast-check'
import { scenariosOf } from './scenario/arbitrary.ts'
import { brokenError } from './report/broken-error.ts'
import type { DocumentArbitrary } from './scenario/document-arbitrary.ts'
import { minimize } from './scenario/shrink.ts'
import { Report, type SimulationReport } from './report/report.ts'
import { play, type RunResult, runScenario } from './play/run.ts'
import type { Scenario } from './scenario/scenario.ts'
import { SimulationError } from './scenario/simulation-error.ts'
import { strayErrorsOut } from './check/stray-errors.ts'
import type { Subject } from './scenario/subject.ts'
import { type KnownModule, modulesOf } from './scenario/subject-modules.ts'

export interface SimulateOptions<Config> extends Subject<Config> {
  /** Valid documents: an arbitrary of fast-check. */
  readonly documents: DocumentArbitrary<unknown>
  /** Histories that are played. Default 1,000. */
  readonly runs?: number
  /** Equal seeds play equal histories. Default: one at random, which is in the report and in the error. */
  readonly seed?: number
  /** fast-check's path to one history, as the error prints it: only that one is played. */
  readonly path?: string
}

const loadFastCheck = async (): Promise<typeof FastCheck> => {
  try {
    return await import('fast-check')
  } catch {
    throw new SimulationError('simulate.peer-missing', 'install fast-check: npm i -D fast-check')
  }
}

/**
 * Plays thousands of histories of a service's own modules, with every fault at every step, on virtual time: the same
 * machines, runner and store as in production. The first history that breaks a guarantee, or one of the `invariants`,
 * is shrunk to a small one.
 *
 * @throws SimulationError `simulate.broken` with the small history, `simulate.no-progress`, `simulate.worthless`
 */
export const simulate = async <Config>(options: SimulateOptions<Config>): Promise<SimulationReport> => {
  const fc = await loadFastCheck()
  const { runs = 1_000, seed = randomSeed(), path, documents } = options
  const modules: readonly KnownModule[] = modulesOf(options)
  const report = new Report(seed, modules)
  let isSearching = true
  await strayErrorsOut()
  const scenarios = scenariosOf(fc, documents as unknown as FastCheck.Arbitrary<unknown>, modules)
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const result = await play(scenario, options)
    if (isSearching) report.add(result)
    if (result.violations.length === 0) return
    isSearching = false
    throw new Broken(result)
  })
  const details = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) })
  if (!details.failed) return report.finished(options, path === undefined)
  const { errorInstance, counterexample, counterexamplePath } = details
  if (errorInstance instanceof SimulationError) throw errorInstance
  const [scenario] = counterexample ?? []
  if (!(errorInstance instanceof Broken) || scenario === undefined) throw errorInstance
  const found = { seed, path: counterexamplePath ?? '' }
  throw await smallestError(scenario, errorInstance.result, options, found)
}

/** What a run throws within fast-check. */
class Broken extends Error {
  readonly result: RunResult

  constructor(result: RunResult) {
    super(result.violations[0]?.message)
    this.result = result
  }
}

const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31)

/** Makes the history that was found smaller still, and says what it breaks. */
const smallestError = async <Config>(
  scenario: Scenario,
  seen: RunResult,
  subject: Subject<Config>,
  found: { readonly seed: number; readonly path: string },
): Promise<SimulationError> => {
  const { keepIn } = subject
  const [original] = (await play(scenario, subject)).violations
  if (original === undefined) {
    const [first] = seen.violations
    const message = `${first?.invariant}: ${first?.message}\n\nIt held when the same history was played again: something outside of the modules keeps state between histories. Make the appliers, and all that they change, inside of \`modules\``
    return brokenError({ scenario, result: seen, keepIn, found }, message)
  }
  // The same invariant: a smaller scenario that breaks another one would be about something else.
  const breaksAlike = async (candidate: Scenario): Promise<boolean> => {
    const { violations } = await play(candidate, subject)
    return violations[0]?.invariant === original.invariant
  }
  const smallest = await minimize(scenario, breaksAlike)
  return brokenError({ scenario: smallest, result: await play(smallest, subject), keepIn, found })
}

/**
 * Plays one scenario again: a regression that was kept, or one that an error has printed.
 *
 * @throws SimulationError `simulate.broken`
 */
export const replay = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const result = await runScenario(scenario, subject)
  if (result.violations.length === 0) return result
  throw await brokenError({ scenario, result, keepIn: subject.keepIn })
}
