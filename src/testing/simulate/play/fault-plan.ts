import type { Chronicle } from '../check/run-log.ts'
import type { Fault, FaultPhase, OutsideCall, OutsidePhase, Scenario, Step } from '../scenario/scenario.ts'

/** Counts the calls of all modules over all processes, and says what is planned for each. */
export class FaultPlan {
  /** Resolves when nothing fails any more. */
  readonly healed: Promise<void>
  readonly #scenario: Scenario
  readonly #chronicle: Chronicle
  readonly #calls = new Map<string, number>()
  readonly #badCloses = new Set<string>()
  /** Each `module.phase` for which something is planned. */
  readonly #mentioned: ReadonlySet<string>
  #onHealed: () => void = () => {}
  #isHealed = false

  constructor(scenario: Scenario, chronicle: Chronicle) {
    this.#scenario = scenario
    this.#chronicle = chronicle
    const planned = [...scenario.faults, ...(scenario.during ?? [])]
    this.#mentioned = new Set(planned.map(({ module, phase }) => `${module}.${phase}`))
    this.healed = new Promise((resolve) => {
      this.#onHealed = resolve
    })
  }

  heal(): void {
    this.#isHealed = true
    this.#onHealed()
  }

  /** True where something is planned for a call of this kind, so that its calls must be counted. */
  mentions(call: OutsideCall): boolean {
    return this.#mentioned.has(call)
  }

  /** As `take`, for a call that reaches outside. */
  takeOutside(call: OutsideCall): Fault | undefined {
    return this.take(...parted(call))
  }

  /** As `during`, for a call that reaches outside. */
  duringOutside(call: OutsideCall): readonly Step[] {
    return this.during(...parted(call))
  }

  /** A call begins: the failure that is planned for it, if any. */
  take(module: string, phase: FaultPhase | OutsidePhase): Fault | undefined {
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
  during(module: string, phase: FaultPhase | OutsidePhase): readonly Step[] {
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

const parted = (call: OutsideCall): [string, OutsidePhase] => {
  const [module = '', phase] = call.split('.')
  return [module, phase as OutsidePhase]
}
