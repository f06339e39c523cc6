import { isDeepStrictEqual } from 'node:util'
import { brokenError } from './report/broken-error.ts'
import { type RunResult, runScenario } from './play/run.ts'
import type { Scenario } from './scenario/scenario.ts'
import type { SimulationError } from './scenario/simulation-error.ts'
import type { Subject } from './scenario/subject.ts'

/** A scenario that is played: await it, or what is expected of it beside the guarantees, which are expected in any case. */
export class ScenarioRun implements PromiseLike<RunResult> {
  readonly #result: Promise<RunResult>
  readonly #scenario: Scenario
  readonly #subject: Subject<unknown>

  constructor(scenario: Scenario, subject: Subject<unknown>) {
    this.#scenario = scenario
    this.#subject = subject
    this.#result = this.#play()
    this.#result.catch(() => {}) // whoever expects something hears of it
  }

  // biome-ignore lint/suspicious/noThenProperty: without it, an `await` of the run alone would pass whatever broke
  then<Held = RunResult, Broken = never>(
    onHeld?: ((result: RunResult) => Held | PromiseLike<Held>) | null,
    onBroken?: ((error: unknown) => Broken | PromiseLike<Broken>) | null,
  ): Promise<Held | Broken> {
    return this.#result.then(onHeld, onBroken)
  }

  /** That every guarantee and invariant held. */
  expectHeld(): Promise<RunResult> {
    return this.#result
  }

  /** That this document serves once the last step's transaction is over. */
  async expectServing(document: unknown): Promise<RunResult> {
    const result = await this.#result
    const expected = await this.#subject.schema['~standard'].validate(document)
    const value = 'value' in expected ? expected.value : undefined
    // Through JSON, since a config has no prototypes and a test's document may have undefined members.
    const isServed = isDeepStrictEqual(
      JSON.parse(JSON.stringify(result.served ?? null)),
      JSON.parse(JSON.stringify(value ?? null)),
    )
    if (!isServed) throw await this.#broken(result, 'another document serves than was expected')
    return result
  }

  /** That the transactions ended like this, in this order. */
  async expectOutcomes(...outcomes: readonly string[]): Promise<RunResult> {
    const result = await this.#result
    const found = result.trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.outcome] : []))
    const first = found.slice(0, outcomes.length)
    if (!isDeepStrictEqual(first, outcomes)) throw await this.#broken(result, `the outcomes were ${found.join(', ')}`)
    return result
  }

  async #play(): Promise<RunResult> {
    const result = await runScenario(this.#scenario, this.#subject)
    if (result.violations.length === 0) return result
    throw await this.#broken(result)
  }

  #broken(result: RunResult, message?: string): Promise<SimulationError> {
    return brokenError({ scenario: this.#scenario, result, keepIn: this.#subject.keepIn }, message)
  }
}
