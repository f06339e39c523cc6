import type { RunResult } from '../play/run.ts'
import type { Scenario } from './scenario.ts'
import type { Violation } from './subject.ts'

/** Why a simulation is no good. */
export type SimulationCode =
  /** An invariant was broken; `scenario` is the smallest history that was found. */
  | 'simulate.broken'
  /** A module waits for the real world, which does not move in a simulation. */
  | 'simulate.no-progress'
  /** The runs never rolled back, or never saw what must sometimes be seen: they show less than they seem to. */
  | 'simulate.worthless'
  /** A scenario that is none. */
  | 'simulate.bad-scenario'
  /** fast-check is not installed. */
  | 'simulate.peer-missing'

/**
 * What a simulation throws. Its message holds the documents of the scenario: they are the test's own, and no secrets.
 */
export class SimulationError extends Error {
  override readonly name = 'SimulationError'
  readonly code: SimulationCode
  readonly violations: readonly Violation[]
  /** The history that breaks it, to be kept as JSON and played again. */
  readonly scenario: Scenario | undefined
  /** What became of it, for `traceHtml`, `traceMermaid` and `traceLines`. */
  readonly result: RunResult | undefined
  /** With these fast-check finds it again. */
  readonly seed: number | undefined
  readonly path: string | undefined
  /** The files that were written, where `keepIn` names a folder. */
  readonly html: string | undefined
  readonly json: string | undefined

  constructor(code: SimulationCode, message: string, found: Found = {}) {
    super(`${code}: ${message}`, found.cause === undefined ? undefined : { cause: found.cause })
    this.code = code
    this.violations = found.result?.violations ?? []
    this.scenario = found.scenario
    this.result = found.result
    this.seed = found.seed
    this.path = found.path
    // Long, and in the message as text: whoever prints the error is spared them.
    for (const name of ['result', 'scenario'] as const) Object.defineProperty(this, name, { enumerable: false })
    this.html = found.html
    this.json = found.json
  }
}

interface Found {
  readonly scenario?: Scenario
  readonly result?: RunResult
  readonly seed?: number
  readonly path?: string
  readonly html?: string
  readonly json?: string
  /** What the user's own code has thrown. */
  readonly cause?: unknown
}
