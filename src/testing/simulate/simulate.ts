import type * as FastCheck from 'fast-check'
import { flushStrayErrors } from './check/stray-errors.ts'
import { play, runScenario } from './play/run.ts'
import { brokenError } from './report/broken-error.ts'
import { Report, type SimulationReport } from './report/report.ts'
import { scenariosOf } from './scenario/arbitrary.ts'
import type { RunResult } from './scenario/run-result.ts'
import type { Scenario } from './scenario/scenario.ts'
import { shrink } from './scenario/shrink.ts'
import { SimulationError } from './scenario/simulation-error.ts'
import { modulesOf, type Subject } from './scenario/subject.ts'

/** A fast-check arbitrary of documents. It is declared here so that these types do not need fast-check. */
export interface DocumentArbitrary<Document> {
  readonly generate: (mrng: never, biasFactor: never) => { readonly value: Document }
}

/** Options of {@link simulate}: the subject, and how many histories of it are played. */
export interface SimulateOptions<Config> extends Subject<Config> {
  /** A fast-check arbitrary of valid documents. */
  readonly documents: DocumentArbitrary<unknown>
  /**
   * How many histories are played.
   * @default 1_000
   */
  readonly runs?: number
  /**
   * Equal seeds play equal histories. The report and the error name the seed.
   * @default a random seed
   */
  readonly seed?: number
  /** fast-check's path to one history, as the error prints it. Only that history is played. */
  readonly path?: string
}

/**
 * Plays thousands of histories of a service's own modules on virtual time, with faults at every step. The machines and the
 * code are those of production. The first history that breaks a guarantee or one of the `invariants` is shrunk to a small one.
 * @throws SimulationError `simulate.broken` with the small history, `simulate.no-progress`, `simulate.worthless`,
 *   `simulate.peer-missing`
 * @example
 * const documents = fc.record({ db: fc.record({ max: fc.nat({ max: 9 }) }) })
 * const { text } = await simulate({ schema, modules: (r) => r.use('db', (c) => c.db, dbPool()), documents })
 * console.log(text)
 */
export const simulate = async <Config>(options: SimulateOptions<Config>): Promise<SimulationReport> => {
  const fc = await loadFastCheck()
  const { runs = 1_000, seed = randomSeed(), path, documents } = options
  const modules = modulesOf(options)
  if (modules.length === 0)
    throw new SimulationError('simulate.worthless', 'the subject has no modules: add some with `use`')
  const report = new Report(seed, modules)
  let isSearching = true
  await flushStrayErrors()
  const { overlaps = false } = options
  const scenarios = scenariosOf(fc, documents as unknown as FastCheck.Arbitrary<unknown>, modules, overlaps)
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    const result = await play(scenario, options)
    if (isSearching) report.add(result)
    if (result.violations.length === 0) return
    isSearching = false
    throw new BrokenRun(result)
  })
  const details = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) })
  if (!details.failed) return report.finish(options, path === undefined)
  const { errorInstance, counterexample, counterexamplePath } = details
  const [scenario] = counterexample ?? []
  if (!(errorInstance instanceof BrokenRun) || scenario === undefined) throw errorInstance
  const found = { seed, path: counterexamplePath ?? '' }
  throw await smallestError(scenario, errorInstance.result, options, found)
}

const loadFastCheck = async (): Promise<typeof FastCheck> => {
  try {
    return await import('fast-check')
  } catch {
    throw new SimulationError('simulate.peer-missing', 'install fast-check: npm i -D fast-check')
  }
}

const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31)

/** Tells fast-check that a run broke an invariant. */
class BrokenRun extends Error {
  readonly result: RunResult

  constructor(result: RunResult) {
    super(result.violations[0]?.message)
    this.result = result
  }
}

/** Makes the error for the smallest history that breaks the same invariant as the one that was found. */
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
    const message = `${first?.invariant}: ${first?.message}\n\nIt held when the same history was played again: state outside the modules outlives a history. Create the appliers, and all state that they change, inside \`modules\``
    return brokenError({ scenario, result: seen, keepIn, found }, message)
  }
  // Only the same invariant counts: a smaller history that breaks another one would show another bug.
  const breaksTheSame = async (candidate: Scenario): Promise<boolean> => {
    const { violations } = await play(candidate, subject)
    return violations[0]?.invariant === original.invariant
  }
  const smallest = await shrink(scenario, breaksTheSame)
  return brokenError({ scenario: smallest, result: await play(smallest, subject), keepIn, found })
}

/**
 * Plays one scenario again: a regression test that was kept, or a history that an error has printed.
 * @throws SimulationError `simulate.broken`, `simulate.no-progress`
 * @example
 * await replay(parseScenario(await readFile('regressions/db-hangs.json', 'utf8')), subject)
 */
export const replay = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const result = await runScenario(scenario, subject)
  if (result.violations.length === 0) return result
  throw await brokenError({ scenario, result, keepIn: subject.keepIn })
}
