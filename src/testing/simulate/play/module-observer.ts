import type { Invariants } from '../check/invariants.ts'
import type { SeenGeneration, SeenModule } from '../check/reference-model.ts'
import type { RunLog } from '../check/run-log.ts'
import type { FaultPhase, Step } from '../scenario/scenario.ts'
import type { FaultPlan } from './fault-plan.ts'
import type { SimulatedProcess } from './process.ts'

interface ObserverDeps {
  readonly process: SimulatedProcess
  readonly plan: FaultPlan
  readonly log: RunLog
  readonly invariants: Invariants
  readonly onDuring: (step: Step) => void
}

/** Observes every call of the modules of one process: for the log, the reference model and the invariants. */
export class ModuleObserver {
  readonly #deps: ObserverDeps
  readonly #instances = new WeakMap<SeenGeneration, unknown>()

  constructor(deps: ObserverDeps) {
    this.#deps = deps
  }

  /** The instances that the appliers made. */
  get instances(): WeakMap<SeenGeneration, unknown> {
    return this.#instances
  }

  /** Notes a generation that an applier made. */
  onGeneration(module: SeenModule, slice: unknown, instance: unknown): SeenGeneration {
    const generation = this.#deps.process.model.addGeneration(module, slice)
    this.#instances.set(generation, instance)
    return generation
  }

  /** Notes that a call begins, and performs the steps that are planned during it. */
  onCall(module: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined, slice?: unknown): void {
    const { process, plan, log, invariants, onDuring } = this.#deps
    if (process.isDead) return
    log.note({ kind: 'call', module: module.name, phase, generation: generation?.id ?? 0 })
    invariants.onCall(module, phase, generation, slice)
    for (const step of plan.stepsDuring(module.name, phase)) onDuring(step)
  }

  /** Notes that a call has succeeded. */
  onReturn({ name }: SeenModule, phase: FaultPhase, generation: SeenGeneration | undefined): void {
    const { process, log } = this.#deps
    if (process.isDead) return
    const { preparing, unchecked } = process.model.running
    if (phase === 'close' && generation !== undefined) generation.hasClosed = true
    if (phase === 'prepare') preparing.delete(name)
    if (phase === 'check') unchecked.delete(name)
    log.note({ kind: 'return', module: name, phase, generation: generation?.id ?? 0 })
  }
}
