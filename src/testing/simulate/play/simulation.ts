import type { ReadResult } from '../../../api/source.ts'
import { type MemoryContent, type MemorySource, memorySource } from '../../fakes/memory-source.ts'
import { seededRandom } from '../../fakes/seeded-random.ts'
import { createVirtualClock, type VirtualClock } from '../../fakes/virtual-clock.ts'
import { RestartOracle } from '../check/restart-oracle.ts'
import { RunLog } from '../check/run-log.ts'
import { errorText } from '../check/stray-errors.ts'
import type { Scenario, Step } from '../scenario/scenario.ts'
import type { Subject } from '../scenario/subject.ts'
import { type Disk, Environment } from './environment.ts'
import { FaultPlan } from './fault-plan.ts'
import { ProcessTable } from './disk/process-table.ts'
import { SimulatedProcess } from './process.ts'
import { SimulatedService } from './service.ts'

/** How many of the latest documents are kept, for events that come twice or late. */
export const KEPT_DOCUMENTS = 4

/** How long after `close()` has resolved something of it may still run, in milliseconds. */
const CLOSING_MS = 1_000

/** One run of a scenario. It owns what outlives a process: time, the source, the disk, the fault plan and the log. */
export class Simulation<Config> {
  readonly clock = reportingTimerErrors(
    createVirtualClock(),
    () => this.#clockOffsetMs,
    (error) => this.log.breach('G13', `the callback of a timer threw ${errorText(error)}`, error),
  )
  readonly source: MemorySource
  /** The latest documents of the source, the newest last. */
  readonly written: ReadResult[] = []
  readonly log = new RunLog(() => this.clock.monotonic())
  readonly plan: FaultPlan
  readonly subject: Subject<Config>
  readonly scenario: Scenario
  /** The service of the process that runs now, or that ran last. */
  service: SimulatedService<Config> | undefined
  /** The services of earlier processes that still live beside it, during rolling deployments. */
  readonly outgoing = new Set<SimulatedService<Config>>()
  /** Performs a step during a call. */
  onDuring: (step: Step) => void = () => {}
  readonly #random: () => number
  readonly #disk: Disk = { entries: new Map(), files: new Map() }
  readonly #table = new ProcessTable()
  #processes = 0
  #clockOffsetMs = 0

  constructor(subject: Subject<Config>, scenario: Scenario) {
    this.subject = subject
    this.scenario = scenario
    this.source = memorySource(undefined, scenario.names === undefined ? {} : { names: scenario.names })
    this.#random = seededRandom(scenario.seed)
    this.plan = new FaultPlan(scenario, this.log, () => this.clock.monotonic())
  }

  /** Sets the wall clock forward, or back. */
  setClock(ms: number): void {
    this.#clockOffsetMs += ms
    this.log.countFault('process clock set')
    for (const { oracle } of this.#living) oracle.onClockSet()
  }

  /** Ends all faults. */
  heal(): void {
    this.plan.heal()
    this.source.heal()
  }

  /** Writes a document, or any other text. */
  put(content: MemoryContent): ReadResult {
    const revision = this.source.put(content)
    const text = typeof content === 'string' ? content : JSON.stringify(content)
    const written = { kind: 'document', revision, content: text } as const
    this.written.push(written)
    if (this.written.length > KEPT_DOCUMENTS) this.written.shift()
    return written
  }

  /** Starts a new process on the same source and the same disk. One that runs lives on beside it. */
  boot(): void {
    const before = this.service
    if (before?.isAlive === true && before.process.isRunning) this.outgoing.add(before)
    this.#processes += 1
    const { subject, scenario, source, plan, written } = this
    const log = this.log.forProcess(this.#processes)
    const oracle = this.#oracleAfter(before?.oracle, log)
    const process = new SimulatedProcess(this.clock)
    const crash = (): void => this.#crash(process)
    const onDuring = (step: Step): void => (step.do === 'crash' ? crash() : this.onDuring(step))
    const deps = { process, plan, log, crash, onDuring }
    const processes = this.#table.add(process)
    const onDiskOutage = (): void => oracle.onDiskOutage()
    const environment = new Environment({ ...deps, scenario, source, disk: this.#disk, processes, onDiskOutage })
    const random = this.#random
    this.service = new SimulatedService({ ...deps, subject, scenario, environment, oracle, random, written })
    this.service.start()
  }

  /** The oracle goes on from one process to the next. Processes side by side have one each. */
  #oracleAfter(before: RestartOracle | undefined, { breach }: RunLog): RestartOracle {
    const oracle = before ?? new RestartOracle(this.scenario, breach)
    const isAlone = this.outgoing.size === 0
    const next = isAlone ? oracle : oracle.besideIt(breach, this.scenario)
    next.onBoot(isAlone)
    return next
  }

  /** Closes the processes before the newest one, each after `ms` of virtual time. */
  retireOutgoing(ms: number): void {
    for (const service of this.outgoing) {
      void service.process.sleep(ms).then(async () => {
        if (service.process.model.isClosing) return
        await service.close()
        await service.process.sleep(CLOSING_MS)
        service.noteClosed()
        this.outgoing.delete(service)
      })
    }
  }

  /** Checks every process that lives. */
  checkInvariants(): void {
    for (const service of this.#living) service.checkInvariants()
  }

  get #living(): readonly SimulatedService<Config>[] {
    return this.service === undefined ? [] : [...this.outgoing, this.service]
  }

  /** Ends the newest process like SIGKILL, without a close. */
  crash(): void {
    if (this.service !== undefined) this.#crash(this.service.process, false)
  }

  #crash(process: SimulatedProcess, isInCall = true): void {
    const service = this.#living.find((one) => one.process === process)
    if (service === undefined || process.isDead) return
    const { reloader, oracle } = service
    service.noteCrash()
    oracle.onCrash(reloader.status(), process.model.calls, this.clock.monotonic(), isInCall)
    process.kill()
    this.outgoing.delete(service)
  }

  /** Ends the simulation: the processes are killed without being noted. */
  stop(): void {
    for (const { process } of this.#living) process.kill()
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
