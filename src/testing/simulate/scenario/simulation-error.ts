import type { RunResult, Violation } from './run-result.ts'
import type { Scenario } from './scenario.ts'

/** Why a simulation failed. */
export type SimulationCode =
  /** An invariant was broken; `scenario` is the smallest history that was found. */
  | 'simulate.broken'
  /** A module waits for the real world, which stands still in a simulation. */
  | 'simulate.no-progress'
  /** A module was never called, nothing was rolled back, or a `sometimes` condition was never met: the runs prove too little. */
  | 'simulate.worthless'
  /** The time-out of the test runner was about to end the search. */
  | 'simulate.time-limit'
  /** A scenario is invalid. */
  | 'simulate.bad-scenario'
  /** fast-check is not installed. */
  | 'simulate.peer-missing'

/** The error of a simulation. Its message has the documents of the scenario: they are the test's own, not secrets. */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly code: SimulationCode
  readonly violations: readonly Violation[]
  /** The smallest history that breaks the invariant. Keep it as JSON to play it again. */
  readonly scenario: Scenario | undefined
  /** The history before it was shrunk: as a scenario was written, or as `simulate` has found it. */
  readonly original: Scenario | undefined
  /** The result of the smallest history, for `traceHtml`, `traceMermaid` and `traceLines`. */
  readonly result: RunResult | undefined
  /** The seed and the path with which fast-check finds the history again. */
  readonly seed: number | undefined
  readonly path: string | undefined
  /** The files that were written if `keepIn` names a folder. */
  readonly html: string | undefined
  readonly json: string | undefined

  constructor(code: SimulationCode, message: string, details: ErrorDetails = {}) {
    super(`${code}: ${message}`, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.violations = details.result?.violations ?? []
    this.scenario = details.scenario
    this.original = details.original ?? details.scenario
    this.result = details.result
    this.seed = details.seed
    this.path = details.path
    // They are long, and the message has them as text: printing the error must not repeat them.
    for (const name of ['result', 'scenario', 'original'] as const)
      Object.defineProperty(this, name, { enumerable: false })
    this.html = details.html
    this.json = details.json
  }
}

interface ErrorDetails {
  readonly scenario?: Scenario
  readonly original?: Scenario
  readonly result?: RunResult
  readonly seed?: number
  readonly path?: string
  readonly html?: string
  readonly json?: string
  /** The error that user code threw. */
  readonly cause?: unknown
}
