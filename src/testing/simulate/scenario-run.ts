import { isDeepStrictEqual } from 'node:util'
import { brokenError } from './report/broken-error.ts'
import type { RunResult } from './scenario/run-result.ts'
import type { Scenario } from './scenario/scenario.ts'
import type { SimulationError } from './scenario/simulation-error.ts'
import type { Subject } from './scenario/subject.ts'
import { replay } from './simulate.ts'

/** A scenario that is being played. Await it, or one of its expectations; every guarantee is expected in any case. */
export class ScenarioRun implements PromiseLike<RunResult> {
  readonly #result: Promise<RunResult>
  readonly #scenario: Scenario
  readonly #subject: Subject<unknown>

  constructor(scenario: Scenario, subject: Subject<unknown>) {
    this.#scenario = scenario
    this.#subject = subject
    this.#result = replay(scenario, subject)
    this.#result.catch(() => {}) // every expectation rejects with the same error
  }

  /** Resolves with the result if every guarantee and invariant held. */
  // biome-ignore lint/suspicious/noThenProperty: without it, awaiting the run alone would ignore a violation
  then<Held = RunResult, Broken = never>(
    onHeld?: ((result: RunResult) => Held | PromiseLike<Held>) | null,
    onBroken?: ((error: unknown) => Broken | PromiseLike<Broken>) | null,
  ): Promise<Held | Broken> {
    return this.#result.then(onHeld, onBroken)
  }

  /** Expects that every guarantee and invariant held. */
  expectHeld(): Promise<RunResult> {
    return this.#result
  }

  /** Expects that this document serves when the transaction of the last step has ended. */
  async expectServing(document: unknown): Promise<RunResult> {
    const result = await this.#result
    const expected = await this.#subject.schema['~standard'].validate(document)
    const value = 'value' in expected ? expected.value : undefined
    // As JSON, because a config has no prototypes and the document of a test may have undefined members.
    const isServed = isDeepStrictEqual(
      JSON.parse(JSON.stringify(result.served ?? null)),
      JSON.parse(JSON.stringify(value ?? null)),
    )
    if (!isServed) throw await this.#broken(result, 'the document that serves is not the expected one')
    return result
  }

  /** Expects that the first transactions ended with these outcomes, in this order. */
  async expectOutcomes(...outcomes: readonly string[]): Promise<RunResult> {
    const result = await this.#result
    const actual = result.trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.outcome] : []))
    const first = actual.slice(0, outcomes.length)
    if (!isDeepStrictEqual(first, outcomes)) throw await this.#broken(result, `the outcomes were ${actual.join(', ')}`)
    return result
  }

  #broken(result: RunResult, message: string): Promise<SimulationError> {
    return brokenError({ scenario: this.#scenario, result, keepIn: this.#subject.keepIn }, message)
  }
}
