import type { PlannedFault } from './scenario/planned-faults.ts'
import {
  type During,
  type Fault,
  type FaultPhase,
  faultPhases,
  isPlayable,
  type OutsideCall,
  outsideCalls,
  type OutsidePhase,
  type Scenario,
  type Step,
} from './scenario/scenario.ts'
import { ScenarioRun } from './scenario-run.ts'
import { DuringSteps, Steps } from './scenario/scenario-steps.ts'
import { SimulationError } from './scenario/simulation-error.ts'
import type { Subject } from './scenario/subject.ts'

/** A call of a module, as `db.prepare`, or one that reaches outside, as `disk.save`. */
export type Place = `${string}.${FaultPhase}` | OutsideCall

const placeOf = (place: string): Pick<Fault, 'module' | 'phase'> => {
  const at = place.lastIndexOf('.')
  const [module, last] = [place.slice(0, at), place.slice(at + 1)]
  const phase = faultPhases.find((one) => one === last)
  if (at > 0 && phase !== undefined) return { module, phase }
  if (outsideCalls.includes(place as OutsideCall)) return { module, phase: last as OutsidePhase }
  const known = `module.${faultPhases.join('|')}, ${outsideCalls.join(', ')}`
  throw new SimulationError('simulate.bad-scenario', `${place} is no call: write ${known}`)
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

  /**
   * Plans a failure: of the first call of its kind, or of a later one.
   *
   * @throws SimulationError `simulate.bad-scenario` where this cannot go wrong there: in a commit nothing can hang
   */
  fault(place: Place, { kind }: PlannedFault, call = 1): this {
    const fault = { ...placeOf(place), call, kind }
    if (!isPlayable(fault)) throw new SimulationError('simulate.bad-scenario', `${place} cannot go wrong by ${kind}`)
    this.#faults.push(fault)
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

  /** Plays it with these modules: await it, or one of its expectations. Every guarantee is expected in any case. */
  run<Config>(subject: Subject<Config>): ScenarioRun {
    return new ScenarioRun(this.build(), subject as unknown as Subject<unknown>)
  }
}

/** Begins a scenario: a history that one writes down. */
export const scenario = (name: string, options?: ScenarioOptions): ScenarioBuilder => new ScenarioBuilder(name, options)
