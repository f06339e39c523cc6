import type { RunLog } from '../check/run-log.ts'
import type { EnvironmentCall, EnvironmentPhase, Fault, FaultPhase, Scenario, Step } from '../scenario/scenario.ts'

type Phase = FaultPhase | EnvironmentPhase

/** Counts the calls of all modules over all processes, and knows what the scenario plans for each. */
export class FaultPlan {
  /** Resolves when nothing fails any more. */
  readonly healed: Promise<void>
  readonly #scenario: Scenario
  readonly #log: RunLog
  readonly #calls = new Map<string, number>()
  /** Modules whose close had a planned fault. */
  readonly #faultyCloses = new Set<string>()
  /** Every `module.phase` for which the scenario plans something. */
  readonly #planned: ReadonlySet<string>
  #onHealed: () => void = () => {}
  #isHealed = false

  constructor(scenario: Scenario, log: RunLog) {
    this.#scenario = scenario
    this.#log = log
    const planned = [...scenario.faults, ...(scenario.during ?? [])]
    this.#planned = new Set(planned.map(({ module, phase }) => `${module}.${phase}`))
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

  /** Counts a call that begins, and returns the failure that is planned for it, if any. */
  takeFault(module: string, phase: Phase): Fault | undefined {
    const key = `${module}.${phase}`
    const call = (this.#calls.get(key) ?? 0) + 1
    this.#calls.set(key, call)
    if (this.#isHealed) return undefined
    const fault = this.#scenario.faults.find((one) => one.module === module && one.phase === phase && one.call === call)
    if (fault === undefined) return undefined
    this.#log.noteFault(module, phase, fault.kind)
    if (phase === 'close') this.#faultyCloses.add(module)
    return fault
  }

  /** Returns the steps that are planned for the call that has just begun. */
  stepsDuring(module: string, phase: Phase): readonly Step[] {
    const { during = [] } = this.#scenario
    if (during.length === 0 || this.#isHealed) return []
    const call = this.#calls.get(`${module}.${phase}`)
    return during
      .filter((one) => one.module === module && one.phase === phase && one.call === call)
      .map(({ step }) => step)
  }

  /** True if a planned failure kept a close of the module from succeeding. */
  hadFaultyClose(module: string): boolean {
    return this.#faultyCloses.has(module)
  }
}
