import type { Chronicle } from './chronicle.ts'
import type { Fault, FaultPhase, Scenario, Step } from './scenario.ts'

/** Counts the calls of all modules over all processes, and says what is planned for each. */
export class FaultPlan {
  /** Resolves when nothing fails any more. */
  readonly healed: Promise<void>
  readonly #scenario: Scenario
  readonly #chronicle: Chronicle
  readonly #calls = new Map<string, number>()
  readonly #badCloses = new Set<string>()
  #onHealed: () => void = () => {}
  #isHealed = false

  constructor(scenario: Scenario, chronicle: Chronicle) {
    this.#scenario = scenario
    this.#chronicle = chronicle
    this.healed = new Promise((resolve) => {
      this.#onHealed = resolve
    })
  }

  heal(): void {
    this.#isHealed = true
    this.#onHealed()
  }

  /** A call begins: the failure that is planned for it, if any. */
  take(module: string, phase: FaultPhase): Fault | undefined {
    const key = `${module}.${phase}`
    const call = (this.#calls.get(key) ?? 0) + 1
    this.#calls.set(key, call)
    if (this.#isHealed) return undefined
    const fault = this.#scenario.faults.find((one) => one.module === module && one.phase === phase && one.call === call)
    if (fault === undefined) return undefined
    this.#chronicle.noteFault(module, phase, fault.kind)
    if (phase === 'close') this.#badCloses.add(module)
    return fault
  }

  /** What is planned to happen during the call that has just begun. */
  during(module: string, phase: FaultPhase): readonly Step[] {
    const { during = [] } = this.#scenario
    if (during.length === 0 || this.#isHealed) return []
    const call = this.#calls.get(`${module}.${phase}`)
    return during
      .filter((one) => one.module === module && one.phase === phase && one.call === call)
      .map(({ step }) => step)
  }

  /** True where a planned failure kept a close of the module from ending well. */
  wasHung(module: string): boolean {
    return this.#badCloses.has(module)
  }
}
