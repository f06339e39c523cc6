import { isDeepStrictEqual } from 'node:util'
import { shrinkLimit } from './play/time-limit.ts'
import { brokenError } from './report/broken-error.ts'
import { documentDiff } from './report/document-diff.ts'
import type { RunResult } from './scenario/run-result.ts'
import type { Scenario } from './scenario/scenario.ts'
import type { SimulationError } from './scenario/simulation-error.ts'
import type { Subject } from './scenario/subject.ts'
import { replay } from './simulate.ts'
import { type Played, smallestHistory } from './smallest.ts'

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

  /**
   * Expects that this document serves when the transaction of the last step has ended. The error shows how it differs, with
   * the values of public paths only.
   */
  async expectServing(document: unknown): Promise<RunResult> {
    const result = await this.#result
    const checked = await this.#subject.schema['~standard'].validate(document)
    const expected = plain('value' in checked ? checked.value : undefined)
    if (isDeepStrictEqual(plain(result.served), expected)) return result
    const difference = documentDiff(
      expected,
      result.served === undefined ? undefined : plain(result.served),
      this.#subject,
    )
    const isSame = (played: RunResult) => isDeepStrictEqual(plain(played.served), plain(result.served))
    throw await this.#broken(result, `the document that serves is not the expected one\n\n${difference}`, isSame)
  }

  /** Expects that the first transactions ended with these outcomes, in this order. */
  async expectOutcomes(...outcomes: readonly string[]): Promise<RunResult> {
    const result = await this.#result
    const actual = outcomesOf(result)
    if (isDeepStrictEqual(actual.slice(0, outcomes.length), outcomes)) return result
    const isSame = (played: RunResult) => isDeepStrictEqual(outcomesOf(played), actual)
    throw await this.#broken(result, `the outcomes were ${actual.join(', ')}`, isSame)
  }

  /**
   * Makes the error of a broken expectation. The smaller scenario has the same documents and fails with the same result:
   * without the change that was expected, every expectation would be broken.
   */
  async #broken(result: RunResult, message: string, isSame: (played: RunResult) => boolean): Promise<SimulationError> {
    const written = { scenario: this.#scenario, result }
    const documents = documentsOf(this.#scenario)
    const showsTheSame = ({ scenario, result: played }: Played): boolean =>
      played.violations.length === 0 && isSame(played) && isDeepStrictEqual(documentsOf(scenario), documents)
    const smallest = await smallestHistory(written, this.#subject, showsTheSame, shrinkLimit())
    return brokenError(smallest, { original: { ...written, isWritten: true }, keepIn: this.#subject.keepIn, message })
  }
}

/** As JSON, because a config has no prototypes and the document of a test may have undefined members. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value ?? null))

const outcomesOf = ({ trace }: RunResult): readonly string[] =>
  trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.outcome] : []))

/** Lists the documents that a scenario publishes. */
const documentsOf = ({ start, steps, during = [], last }: Scenario): readonly unknown[] => [
  start,
  ...[...steps, ...during.map(({ step }) => step)].flatMap((step) => {
    if (step.do === 'put-both') return step.documents
    return 'document' in step ? [step.document] : []
  }),
  last,
]
