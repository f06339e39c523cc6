import type { ReadResult } from '../../../api/source.ts'
import { memorySource } from '../../fakes/memory-source.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import { createVirtualClock, type VirtualClock } from '../../fakes/virtual-clock.ts'
import { RestartOracle } from '../check/restart-oracle.ts'
import { RunLog } from '../check/run-log.ts'
import { errorText } from '../check/stray-errors.ts'
import type { Scenario, Step } from '../scenario/scenario.ts'
import type { Subject } from '../scenario/subject.ts'
import { Environment } from './environment.ts'
import { FaultPlan } from './fault-plan.ts'
import { ProcessTable } from './process-table.ts'
import { SimulatedProcess } from './process.ts'
import { SimulatedService } from './service.ts'

/** One run of a scenario. It owns what outlives a process: time, the source, the disk, the fault plan and the log. */
export class Simulation<Config> {
  readonly clock = reportingTimerErrors(
    createVirtualClock(),
    () => this.#clockOffsetMs,
    (error) => this.log.breach('G13', `the callback of a timer threw ${errorText(error)}`, error),
  )
  readonly source = memorySource()
  /** The latest documents of the source, the newest last. */
  readonly written: ReadResult[] = []
  readonly log = new RunLog(() => this.clock.monotonic())
  readonly plan: FaultPlan
  readonly oracle: RestartOracle
  readonly subject: Subject<Config>
  readonly scenario: Scenario
  /** The service of the process that runs now, or that ran last. */
  service: SimulatedService<Config> | undefined
  /** Performs a step during a call. */
  onDuring: (step: Step) => void = () => {}
  readonly #random: () => number
  readonly #disk = new Map<string, string>()
  readonly #table = new ProcessTable()
  #processes = 0
  #clockOffsetMs = 0

  constructor(subject: Subject<Config>, scenario: Scenario) {
    this.subject = subject
    this.scenario = scenario
    this.#random = seededRandom(scenario.seed)
    this.plan = new FaultPlan(scenario, this.log, () => this.clock.monotonic())
    this.oracle = new RestartOracle(scenario, this.log.breach)
  }

  /** Sets the wall clock forward, or back. */
  setClock(ms: number): void {
    this.#clockOffsetMs += ms
    this.log.countFault('process clock set')
    this.oracle.onClockSet()
  }

  /** Ends all faults. */
  heal(): void {
    this.plan.heal()
    this.source.heal()
  }

  /** Starts a new process on the same source and the same disk. */
  boot(): void {
    this.#processes += 1
    this.log.setProcess(this.#processes)
    this.oracle.onBoot()
    const { subject, scenario, source, plan, log, oracle, written } = this
    const onDuring = (step: Step): void => this.onDuring(step)
    const deps = { process: new SimulatedProcess(this.clock), plan, log, crash: () => this.crash(), onDuring }
    const processes = this.#table.add(deps.process)
    const onDiskOutage = (): void => oracle.onDiskOutage()
    const environment = new Environment({ ...deps, source, disk: this.#disk, processes, onDiskOutage })
    const random = this.#random
    this.service = new SimulatedService({ ...deps, subject, scenario, environment, oracle, random, written })
    this.service.start()
  }

  /** Ends the process like SIGKILL, without a close. */
  crash(isInCall = true): void {
    if (this.service === undefined || this.service.process.isDead) return
    const { reloader, process } = this.service
    this.log.noteCrash(reloader.status().state)
    this.oracle.onCrash(reloader.status(), process.model.calls, this.clock.monotonic(), isInCall)
    process.kill()
  }

  /** Ends the simulation: the process is killed without being noted. */
  stop(): void {
    this.service?.process.kill()
  }
}

/**
 * Wraps a clock: `now` may be set, and `advance` reports what the callbacks of timers throw. In production, that would end
 * the process.
 */
const reportingTimerErrors = (
  clock: VirtualClock,
  offsetMs: () => number,
  report: (error: unknown) => void,
): VirtualClock => {
  const reportAll = (error: unknown): void => {
    for (const one of error instanceof AggregateError ? error.errors : [error]) report(one)
  }
  return { ...clock, now: () => clock.now() + offsetMs(), advance: (ms) => clock.advance(ms).catch(reportAll) }
}
