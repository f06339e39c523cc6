import type * as FastCheck from 'fast-check'
import { flushStrayErrors } from './check/stray-errors.ts'
import { play, runScenario } from './play/run.ts'
import { shrinkLimit, TimeLimit } from './play/time-limit.ts'
import { brokenError } from './report/broken-error.ts'
import { Progress } from './report/progress.ts'
import { Report, type SimulationReport } from './report/report.ts'
import { scenariosOf } from './scenario/arbitrary.ts'
import type { RunResult } from './scenario/run-result.ts'
import type { Scenario } from './scenario/scenario.ts'
import { SimulationError } from './scenario/simulation-error.ts'
import { modulesOf, type Subject } from './scenario/subject.ts'
import { breaksSameInvariant, smallestHistory } from './smallest.ts'

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
  /**
   * How long the search may take, in milliseconds of real time. It then ends with the histories that were played, of which
   * the report tells the number; a broken history is no longer shrunk.
   * @default no limit; in a test of vitest or Jest, which end a test after 5,000 ms by default, an error says what to do
   */
  readonly timeLimitMs?: number
}

/**
 * Plays thousands of histories of a service's own modules on virtual time, with faults at every step. The machines and the
 * code are those of production. The first history that breaks a guarantee or one of the `invariants` is shrunk to a small one.
 * A long search shows its progress on a terminal.
 * @throws SimulationError `simulate.broken` with the small history, `simulate.no-progress`, `simulate.worthless`,
 *   `simulate.time-limit`, `simulate.peer-missing`
 * @throws ChangeoverError `reloader.invalid-option` if `timeLimitMs` is not a valid delay
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
  const limit = new TimeLimit(options.timeLimitMs)
  const progress = new Progress(runs)
  let original: Scenario | undefined
  let isCut = false
  await flushStrayErrors()
  const { overlaps = false } = options
  const scenarios = scenariosOf(fc, documents as unknown as FastCheck.Arbitrary<unknown>, modules, overlaps)
  const property = fc.asyncProperty(scenarios, async (scenario) => {
    if (limit.isOver && report.runs > 0) {
      // Nothing fails any more, so fast-check stops to shrink. Before that, only a failure makes it stop to search.
      if (original !== undefined || isCut) return
      isCut = true
      throw new OutOfTime()
    }
    const result = await play(scenario, options)
    if (original === undefined) progress.played(report.add(result))
    if (result.violations.length === 0) return
    original ??= scenario
    throw new BrokenRun(result)
  })
  try {
    const details = await fc.check(property, { seed, numRuns: runs, ...(path === undefined ? {} : { path }) })
    const { errorInstance, counterexample, counterexamplePath } = details
    if (!details.failed || errorInstance instanceof OutOfTime) {
      return report.finish(options, path === undefined ? { runs, limit } : undefined)
    }
    const [scenario] = counterexample ?? []
    if (!(errorInstance instanceof BrokenRun) || scenario === undefined) throw errorInstance
    const found = { seed, path: counterexamplePath ?? '' }
    const history = { scenario, seen: errorInstance.result, original: original ?? scenario }
    throw await smallestError(history, options, found, { limit, progress })
  } finally {
    progress.end()
  }
}

const loadFastCheck = async (): Promise<typeof FastCheck> => {
  try {
    return await import('fast-check')
  } catch {
    throw new SimulationError('simulate.peer-missing', 'install fast-check: npm i -D fast-check')
  }
}

const randomSeed = (): number => Math.floor(Math.random() * 2 ** 31)

/** Tells fast-check that the time limit is over. */
class OutOfTime extends Error {}

/** Tells fast-check that a run broke an invariant. */
class BrokenRun extends Error {
  readonly result: RunResult

  constructor(result: RunResult) {
    super(result.violations[0]?.message)
    this.result = result
  }
}

interface FoundHistory {
  /** What fast-check has made of the history. */
  readonly scenario: Scenario
  readonly seen: RunResult
  readonly original: Scenario
}

/** Makes the error for the smallest history that breaks the same invariant as the one that was found. */
const smallestError = async <Config>(
  { scenario, seen, original }: FoundHistory,
  subject: Subject<Config>,
  found: { readonly seed: number; readonly path: string },
  { limit, progress }: { readonly limit: TimeLimit; readonly progress: Progress },
): Promise<SimulationError> => {
  const { keepIn } = subject
  const again = await play(scenario, subject)
  if (again.violations.length === 0) {
    const [first] = seen.violations
    const message = `${first?.invariant}: ${first?.message}\n\nIt held when the same history was played again: state outside the modules outlives a history. Create the appliers, and all state that they change, inside \`modules\``
    const played = { scenario, result: seen }
    return brokenError(played, { original: { ...played, isWritten: false }, keepIn, found, message })
  }
  const isSame = breaksSameInvariant(again)
  const shrinking = (count: number) => progress.shrinking(count)
  const smallest = await smallestHistory({ scenario, result: again }, subject, isSame, limit, shrinking)
  return brokenError(smallest, { original: { scenario: original, result: seen, isWritten: false }, keepIn, found })
}

/**
 * Plays one scenario again: a regression test that was kept, or a history that an error has printed. If it breaks an
 * invariant, the error has it as it was written, and as small as it could be made in two seconds.
 * @throws SimulationError `simulate.broken`, `simulate.no-progress`
 * @example
 * await replay(parseScenario(await readFile('regressions/db-hangs.json', 'utf8')), subject)
 */
export const replay = async <Config>(scenario: Scenario, subject: Subject<Config>): Promise<RunResult> => {
  const result = await runScenario(scenario, subject)
  if (result.violations.length === 0) return result
  const written = { scenario, result }
  const smallest = await smallestHistory(written, subject, breaksSameInvariant(result), shrinkLimit())
  throw await brokenError(smallest, { original: { ...written, isWritten: true }, keepIn: subject.keepIn })
}
