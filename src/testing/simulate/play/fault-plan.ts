import type { RunLog } from '../check/run-log.ts'
import { type EnvironmentCall, type Fault, OUTAGE_MS, type Scenario, type Step } from '../scenario/scenario.ts'
import type { SimulatedProcess } from './process.ts'

/** What it takes to observe the calls of one process, and to make them fail. */
export interface CallDeps {
  readonly process: SimulatedProcess
  readonly plan: FaultPlan
  readonly log: RunLog
  readonly crash: () => void
  readonly onDuring: (step: Step) => void
}

/** Counts the calls of all modules over all processes, and knows what the scenario plans for each. */
export class FaultPlan {
  /** Resolves when nothing fails any more. */
  readonly healed: Promise<void>
  readonly #scenario: Scenario
  readonly #log: RunLog
  readonly #calls = new Map<string, number>()
  readonly #now: () => number
  /** When the outages end, by place. */
  readonly #outages = new Map<string, { readonly fault: Fault; readonly until: number }>()
  /** Modules whose close had a planned fault. */
  readonly #faultyCloses = new Set<string>()
  /** Every `module.phase` for which the scenario plans something. */
  readonly #planned: ReadonlySet<string>
  #onHealed: () => void = () => {}
  #isHealed = false

  /** @param now the elapsed time, in milliseconds */
  constructor(scenario: Scenario, log: RunLog, now: () => number) {
    this.#scenario = scenario
    this.#now = now
    this.#log = log
    const { faults, steps, during = [] } = scenario
    const outages = [...steps, ...during.map(({ step }) => step)].filter((step) => step.do === 'outage')
    const planned = [...faults, ...during, ...outages]
    this.#planned = new Set(planned.map(placeOf))
    this.healed = new Promise((resolve) => {
      this.#onHealed = resolve
    })
  }

  heal(): void {
    this.#isHealed = true
    this.#onHealed()
  }

  /** True if the scenario plans something for calls of this kind. Only then must they be counted. */
  hasPlansFor(call: EnvironmentCall): boolean {
    return this.#planned.has(call)
  }

  /** Counts a call that begins, and returns the failure that is planned for it, if any; noted in the log of the process. */
  takeFault(place: string, log = this.#log): Fault | undefined {
    if (!this.#planned.has(place)) return undefined
    const call = (this.#calls.get(place) ?? 0) + 1
    this.#calls.set(place, call)
    if (this.#isHealed) return undefined
    const fault = this.#scenario.faults.find((one) => one.call === call && placeOf(one) === place)
    const taken = fault ?? this.#outageAt(place)
    if (taken === undefined) return undefined
    if (taken.phase === 'close') this.#faultyCloses.add(taken.module)
    if (fault === undefined) return taken
    log.noteFault(fault.module, fault.phase, fault.kind)
    if (fault.kind === 'outage') this.#outages.set(place, { fault, until: this.#now() + (fault.ms ?? OUTAGE_MS) })
    return fault
  }

  /** Makes all calls of a kind fail for a while from now on. */
  startOutage({ module, phase, ms = OUTAGE_MS }: Pick<Fault, 'module' | 'phase' | 'ms'>): void {
    if (this.#isHealed) return
    const fault = { module, phase, call: 0, kind: 'outage' } as const
    this.#log.noteFault(module, phase, 'outage')
    this.#outages.set(placeOf(fault), { fault, until: this.#now() + ms })
  }

  #outageAt(place: string): Fault | undefined {
    const outage = this.#outages.get(place)
    return outage !== undefined && this.#now() < outage.until ? outage.fault : undefined
  }

  /** Returns the steps that are planned for the call that has just begun. */
  stepsDuring(place: string): readonly Step[] {
    const { during = [] } = this.#scenario
    if (during.length === 0 || this.#isHealed) return []
    const call = this.#calls.get(place)
    return during.flatMap((one) => (one.call === call && placeOf(one) === place ? [one.step] : []))
  }

  /** True if a planned failure kept a close of the module from succeeding. */
  hadFaultyClose(module: string): boolean {
    return this.#faultyCloses.has(module)
  }
}

const placeOf = ({ module, phase }: Pick<Fault, 'module' | 'phase'>): string => `${module}.${phase}`
