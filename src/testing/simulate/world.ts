import type { GoodStore } from '../../keeper/types.ts'
import type { Reading, Source } from '../../source.ts'
import { memorySource } from '../memory-source.ts'
import { createVirtualClock } from '../virtual-clock.ts'
import { Chronicle } from './chronicle.ts'
import { Expectations } from './expectations.ts'
import { FaultPlan } from './fault-plan.ts'
import { Life } from './life.ts'
import { never, SimulatedProcess } from './process.ts'
import { seededRandom } from './random.ts'
import type { Scenario, Step } from './scenario.ts'
import type { Subject } from './subject.ts'

/** What outlives a process: time, the source, the disk, the plan, and what has been noted. */
export class World<Config> {
  readonly clock = createVirtualClock()
  readonly source = memorySource()
  /** What the source has held lately, oldest first. */
  readonly readings: Reading[] = []
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
    this.chronicle.note({ kind: 'process', event: 'crashed' })
    const { reloader, process } = this.#life
    this.expectations.died(reloader.status(), process.ledger.calls, this.clock.monotonic(), isInCall)
    process.kill()
  }

  /** The source as one process sees it: a dead one is answered nothing. */
  sourceOf(process: SimulatedProcess): Source {
    const { source } = this
    return {
      name: source.name,
      endpoint: source.endpoint,
      read: async (signal) => {
        const reading = await source.read(signal)
        return process.isDead ? never<Reading>() : reading
      },
      watch: source.watch,
    }
  }

  /** The disk as one process sees it: a dead one writes nothing. */
  diskOf(process: SimulatedProcess): GoodStore {
    return {
      load: (name) => this.#disk.get(name),
      save: (name, text) => {
        if (!process.isDead) this.#disk.set(name, text)
      },
    }
  }
}
