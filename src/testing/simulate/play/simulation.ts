import type { ReadResult } from '../../../api/source.ts'
import { memorySource } from '../../fakes/memory-source.ts'
import { createVirtualClock, type VirtualClock } from '../../fakes/virtual-clock.ts'
import { Chronicle } from '../check/run-log.ts'
import { Expectations } from '../check/restart-oracle.ts'
import { FaultPlan } from './fault-plan.ts'
import { Life } from './service.ts'
import { Outside } from './environment.ts'
import { SimulatedProcess } from './process.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import type { Scenario, Step } from '../scenario/scenario.ts'
import { errorText } from '../check/stray-errors.ts'
import type { Subject } from '../scenario/subject.ts'

/** What outlives a process: time, the source, the disk, the plan, and what has been noted. */
export class World<Config> {
  readonly clock = reporting(createVirtualClock(), (error) => this.threw(error))
  readonly source = memorySource()
  /** What the source has held lately, oldest first. */
  readonly readings: ReadResult[] = []
  readonly chronicle = new Chronicle(() => this.clock.monotonic())
  readonly plan: FaultPlan
  /** What a person may rely on, over processes too. */
  readonly expectations: Expectations
  readonly subject: Subject<Config>
  readonly scenario: Scenario
  readonly random: () => number
  /** Performs a step in the midst of a call. */
  onDuring: (step: Step) => void = () => {}
  readonly #disk = new Map<string, string>()
  #processes = 0
  #life: Life<Config> | undefined

  constructor(subject: Subject<Config>, scenario: Scenario) {
    this.subject = subject
    this.scenario = scenario
    this.random = seededRandom(scenario.seed)
    this.plan = new FaultPlan(scenario, this.chronicle)
    this.expectations = new Expectations(scenario, (invariant, message) => this.chronicle.breach(invariant, message))
  }

  /** What the callback of a timer has thrown would end a process. */
  threw(error: unknown): void {
    this.chronicle.breach('G13', `the callback of a timer threw ${errorText(error)}`, error)
  }

  /** The process that runs now, or ran last. */
  get life(): Life<Config> | undefined {
    return this.#life
  }

  /** Nothing fails any more. */
  heal(): void {
    this.plan.heal()
    this.source.heal()
  }

  /** A new process starts, on the same source and the same disk. */
  boot(): void {
    this.#processes += 1
    this.chronicle.turn(this.#processes)
    this.expectations.booted()
    this.#life = new Life(this, new SimulatedProcess(this.#processes, this.clock))
    this.#life.start()
  }

  /** SIGKILL: what runs is gone; nothing is closed. */
  crash(isInCall = true): void {
    if (this.#life === undefined || this.#life.process.isDead) return
    const { reloader, process } = this.#life
    this.chronicle.noteCrash(reloader.status().state)
    this.expectations.died(reloader.status(), process.ledger.calls, this.clock.monotonic(), isInCall)
    process.kill()
  }

  /** The simulation is over: what runs is stopped, and nobody is told. */
  stop(): void {
    this.#life?.process.kill()
  }

  /** Source, schema and disk as one process sees them. */
  outsideOf(process: SimulatedProcess): Outside {
    const { plan, source } = this
    const crash = (): void => this.crash()
    const onDuring = (step: Step): void => this.onDuring(step)
    return new Outside({ plan, source, disk: this.#disk, crash, onDuring }, process)
  }
}

/** The clock, but what its timers' callbacks throw is told instead. */
const reporting = (clock: VirtualClock, tell: (error: unknown) => void): VirtualClock => {
  const told = (error: unknown): void => {
    for (const one of error instanceof AggregateError ? error.errors : [error]) tell(one)
  }
  return { ...clock, advance: (ms) => clock.advance(ms).catch(told) }
}
