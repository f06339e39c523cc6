import { isDeepStrictEqual } from 'node:util'
import type { PlannedFault } from './planned-faults.ts'
import { type RunResult, runScenario } from './run.ts'
import type { During, Fault, FaultPhase, Scenario, SourceFault, Step } from './scenario.ts'
import { faultPhases } from './scenario.ts'
import { SimulationError } from './simulation-error.ts'
import type { Subject } from './subject.ts'
import { traceText } from './trace.ts'

/** A call of a module, as `db.prepare`. */
export type Place = `${string}.${FaultPhase}`

const placeOf = (place: string): { readonly module: string; readonly phase: FaultPhase } => {
  const at = place.lastIndexOf('.')
  const phase = faultPhases.find((one) => one === place.slice(at + 1))
  if (at > 0 && phase !== undefined) return { module: place.slice(0, at), phase }
  throw new SimulationError('simulate.bad-scenario', `${place} is no call: write module.${faultPhases.join('|')}`)
}

/** What may happen, now or during a call. */
abstract class Steps {
  protected abstract add(step: Step): this

  /** Writes a document. A string is written as it is. */
  put(document: unknown): this {
    return this.add({ do: 'put', document })
  }
  /** So many writes at one moment, of which the document is the last. */
  storm(count: number, document: unknown): this {
    return this.add({ do: 'storm', count, document })
  }
  /** Two keys in one transaction of the store. */
  putBoth(first: unknown, second: unknown): this {
    return this.add({ do: 'put-both', documents: [first, second] })
  }
  /** Something befalls the source; it is healed after `ms`, or at the end. */
  source(fault: SourceFault, ms?: number): this {
    return this.add({ do: 'source', fault, ...(ms === undefined ? {} : { ms }) })
  }
  /** The source compacts what the watch asks for. */
  compact(): this {
    return this.source('compact')
  }
  disconnect(ms?: number): this {
    return this.source('disconnect', ms)
  }
  reload(): this {
    return this.add({ do: 'reload' })
  }
  freeze(): this {
    return this.add({ do: 'freeze' })
  }
  unfreeze(): this {
    return this.add({ do: 'unfreeze' })
  }
  revert(): this {
    return this.add({ do: 'revert' })
  }
  retry(): this {
    return this.add({ do: 'retry' })
  }
  release(): this {
    return this.add({ do: 'release' })
  }
  confirm(): this {
    return this.add({ do: 'confirm' })
  }
  /** The process dies, and a supervisor starts it again. */
  crash(): this {
    return this.add({ do: 'crash' })
  }
}

/** Collects what happens during one call. */
class DuringSteps extends Steps {
  readonly steps: Step[] = []

  protected add(step: Step): this {
    this.steps.push(step)
    return this
  }
}

export interface ScenarioOptions {
  /** Of the jitter and the ids. Default 1. */
  readonly seed?: number
}

/** A scenario as it is being written down. Each call adds to it. */
export class ScenarioBuilder extends Steps {
  readonly #name: string
  readonly #seed: number
  readonly #steps: Step[] = []
  readonly #faults: Fault[] = []
  readonly #during: During[] = []
  #settings: Pick<Scenario, 'pauseMs' | 'soakMs' | 'confirmMs' | 'persists'> = {}
  #start: unknown
  #last: unknown

  constructor(name: string, { seed = 1 }: ScenarioOptions = {}) {
    super()
    this.#name = name
    this.#seed = seed
  }

  protected add(step: Step): this {
    this.#steps.push(step)
    return this
  }

  /** What the source holds before the first start. */
  start(document: unknown): this {
    this.#start = document
    return this
  }

  /** So much virtual time passes after the start and after each step. */
  pause(ms: number): this {
    this.#settings = { ...this.#settings, pauseMs: ms }
    return this
  }

  soak(ms: number): this {
    this.#settings = { ...this.#settings, soakMs: ms }
    return this
  }

  confirmWithin(ms: number): this {
    this.#settings = { ...this.#settings, confirmMs: ms }
    return this
  }

  /** The last known good is kept, over restarts too. */
  keepsLastGood(): this {
    this.#settings = { ...this.#settings, persists: true }
    return this
  }

  /** Plans a failure: of the first call of its kind, or of a later one. */
  fault(place: Place, { kind }: PlannedFault, call = 1): this {
    this.#faults.push({ ...placeOf(place), call, kind })
    return this
  }

  /** Has something happen while a module is being called. */
  during(place: Place, write: (steps: Steps) => unknown, call = 1): this {
    const collected = new DuringSteps()
    write(collected)
    for (const step of collected.steps) this.#during.push({ ...placeOf(place), call, step })
    return this
  }

  /** Lets virtual time pass. */
  advance(ms: number): this {
    return this.add({ do: 'advance', ms })
  }

  /** The reloader is closed, and a new process starts. */
  restart(): this {
    return this.add({ do: 'restart' })
  }

  /** The document that must serve when all is healed. Default: the first one again. */
  last(document: unknown): this {
    this.#last = document
    return this
  }

  /** The scenario as data. */
  build(): Scenario {
    return {
      version: 1,
      name: this.#name,
      seed: this.#seed,
      start: this.#start,
      ...this.#settings,
      steps: this.#steps,
      faults: this.#faults,
      ...(this.#during.length === 0 ? {} : { during: this.#during }),
      last: this.#last ?? this.#start,
    }
  }

  /** Plays it with these modules. Await one of the expectations. */
  run<Config>(subject: Subject<Config>): ScenarioRun {
    return new ScenarioRun(this.build(), subject as unknown as Subject<unknown>)
  }
}

/** A scenario that is played: await what is expected of it. Every guarantee is expected in any case. */
export class ScenarioRun {
  readonly #result: Promise<RunResult>
  readonly #scenario: Scenario
  readonly #subject: Subject<unknown>

  constructor(scenario: Scenario, subject: Subject<unknown>) {
    this.#scenario = scenario
    this.#subject = subject
    this.#result = this.#play()
    this.#result.catch(() => {}) // whoever expects something hears of it
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
    if (!isServed) throw this.#broken(result, 'another document serves than was expected')
    return result
  }

  /** That the transactions ended like this, in this order. */
  async expectOutcomes(...outcomes: readonly string[]): Promise<RunResult> {
    const result = await this.#result
    const found = result.trace.flatMap(({ what }) => (what.kind === 'record' ? [what.record.outcome] : []))
    const first = found.slice(0, outcomes.length)
    if (!isDeepStrictEqual(first, outcomes)) throw this.#broken(result, `the outcomes were ${found.join(', ')}`)
    return result
  }

  async #play(): Promise<RunResult> {
    const result = await runScenario(this.#scenario, this.#subject)
    const [first] = result.violations
    if (first === undefined) return result
    throw this.#broken(result, `${first.invariant}: ${first.message}`)
  }

  #broken({ trace, violations }: RunResult, message: string): SimulationError {
    const text = `${this.#scenario.name ?? 'scenario'}: ${message}\n\n${traceText(trace)}`
    return new SimulationError('simulate.broken', text, { violations, scenario: this.#scenario })
  }
}

/** Begins a scenario: a history that one writes down. */
export const scenario = (name: string, options?: ScenarioOptions): ScenarioBuilder => new ScenarioBuilder(name, options)
