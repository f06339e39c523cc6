import type { During, EnvironmentCall, Fault, FaultKind, FaultPhase, Scenario, Step } from './scenario/scenario.ts'
import { placeOf } from './scenario/place.ts'
import { Steps } from './scenario/scenario-steps.ts'
import type { Subject } from './scenario/subject.ts'
import { ScenarioRun } from './scenario-run.ts'

/** A call of a module, such as `db.prepare`, or a call to the environment, such as `disk.save`. */
export type Place = `${string}.${FaultPhase}` | EnvironmentCall

/** A failure for `fault()`, made by one of the {@link faults}. */
export interface PlannedFault {
  readonly kind: FaultKind
  readonly ms?: number
}

/** Options of {@link scenario}. */
export interface ScenarioOptions {
  /**
   * Seeds the jitter and the ids.
   * @default 1
   */
  readonly seed?: number
}

/**
 * Starts a scenario: a history that is written step by step.
 * @example
 * await scenario('the database hangs')
 *   .start({ db: { max: 1 } })
 *   .fault('db.prepare', faults.hang(), 2)
 *   .put({ db: { max: 2 } })
 *   .run(subject)
 *   .expectServing({ db: { max: 1 } })
 */
export const scenario = (name: string, options?: ScenarioOptions): ScenarioBuilder => new ScenarioBuilder(name, options)

type Settings = Pick<Scenario, 'pauseMs' | 'soakMs' | 'confirmMs' | 'persists' | 'names' | 'announces' | 'readMs'>

/** Builds a scenario. Each call adds to it. */
export class ScenarioBuilder extends Steps {
  readonly #head: Pick<Scenario, 'version' | 'name' | 'seed'>
  readonly #steps: Step[]
  readonly #faults: Fault[] = []
  readonly #during: During[] = []
  #settings: Settings = {}
  #start: unknown
  #last: unknown

  constructor(name: string, { seed = 1 }: ScenarioOptions = {}) {
    const steps: Step[] = []
    super(steps)
    this.#steps = steps
    this.#head = { version: 1, name, seed }
  }

  /** Sets the document that the source holds before the first start. */
  start(document: unknown): this {
    this.#start = document
    return this
  }

  /** Lets `ms` of virtual time pass after the start and after each step. */
  pause(ms: number): this {
    return this.#set({ pauseMs: ms })
  }

  /** Sets the soak of the reloader, in milliseconds. */
  soak(ms: number): this {
    return this.#set({ soakMs: ms })
  }

  /** Makes each change await a confirmation for `ms` milliseconds. */
  confirmWithin(ms: number): this {
    return this.#set({ confirmMs: ms })
  }

  /**
   * Persists the last known good, so that a restart can return to it: in a store as users write them, or with `files` as
   * `lastKnownGood: path` does, where processes that live side by side have files of their own.
   */
  persistsLastKnownGood(store?: 'files'): this {
    return this.#set({ persists: store ?? true })
  }

  /** Names each revision after its content: a document that comes again has its old name and a later order. */
  namesByContent(): this {
    return this.#set({ names: 'content' })
  }

  /** Makes the watch announce changes without saying what has changed, so that each must be read. */
  announcesOnly(): this {
    return this.#set({ announces: true })
  }

  /** Makes each read take `ms` of virtual time. It answers what the source held when it began. */
  readsTake(ms: number): this {
    return this.#set({ readMs: ms })
  }

  /**
   * Plans a failure of the first call of its kind, or of a later one.
   * @throws SimulationError `simulate.bad-scenario` if the call cannot fail like that: a commit cannot hang
   */
  fault(place: Place, { kind, ms }: PlannedFault, call = 1): this {
    this.#faults.push({ ...placeOf(place, kind), call, kind, ...(ms === undefined ? {} : { ms }) })
    return this
  }

  /** Plans steps that happen during a call: the first of its kind, or a later one. */
  during(place: Place, write: (steps: Steps) => unknown, call = 1): this {
    const steps: Step[] = []
    write(new Steps(steps))
    this.#during.push(...steps.map((step) => ({ ...placeOf(place), call, step })))
    return this
  }

  /** Lets virtual time pass. */
  advance(ms: number): this {
    return this.add({ do: 'advance', ms })
  }

  /** Closes the reloader and starts a new process. */
  restart(): this {
    return this.add({ do: 'restart' })
  }

  /** Starts a new process on the same store, and closes the old one `ms` of virtual time later: a rolling deployment. */
  overlap(ms: number): this {
    return this.add({ do: 'overlap', ms })
  }

  /**
   * Sets the document that must serve when everything is healed.
   * @default the document of `start()`
   */
  last(document: unknown): this {
    this.#last = document
    return this
  }

  #set(settings: Settings): this {
    this.#settings = { ...this.#settings, ...settings }
    return this
  }

  /** Returns the scenario as data. */
  build(): Scenario {
    return {
      ...this.#head,
      start: this.#start,
      ...this.#settings,
      steps: this.#steps,
      faults: this.#faults,
      ...(this.#during.length === 0 ? {} : { during: this.#during }),
      last: this.#last ?? this.#start,
    }
  }

  /** Plays the scenario with these modules. Await the run or one of its expectations. */
  run<Config>(subject: Subject<Config>): ScenarioRun {
    return new ScenarioRun(this.build(), subject as unknown as Subject<unknown>)
  }
}

const plan = (kind: FaultKind) => (): PlannedFault => ({ kind })

/** The failures of a call, for `fault()`. */
export const faults = {
  throw: plan('throw'),
  reject: plan('reject'),
  nonError: plan('non-error'),
  hang: plan('hang'),
  late: plan('late'),
  afterAbort: plan('after-abort'),
  ignoreSignal: plan('ignore-signal'),
  twice: plan('twice'),
  crash: plan('crash'),
  permanent: plan('permanent'),
  /** Makes the call and all further calls of its kind fail for `ms` of virtual time. */
  outage: (ms?: number): PlannedFault => ({ kind: 'outage', ...(ms === undefined ? {} : { ms }) }),
} as const

/** Makes a call never settle, like `faults.hang()`. */
export const hang = faults.hang
/** Makes a call fail, like `faults.reject()`. */
export const fail = faults.reject
