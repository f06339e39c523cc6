import type { Candidate } from '../model/candidate.ts'
import type { Ending } from '../../machines/reload/types.ts'
import type { EventBus } from './event-bus.ts'
import type { Clock } from '../api/clock.ts'
import type { ErrorCode, Failure, Phase } from '../model/failure.ts'
import type { ModuleChange, ModuleRecord, PhaseTiming, Trigger } from '../model/record.ts'
import type { ModuleDefinition } from '../modules/registry.ts'
import type { Snapshot } from '../model/snapshot.ts'
import type { GenerationRecord } from '../modules/generation.ts'
import type { Slot } from '../modules/slot.ts'
import type { ModuleSwitch } from '../modules/serving-store.ts'
import type { View } from '../modules/view.ts'

/** One module's part in a plan. */
export interface Step {
  readonly slot: Slot
  readonly module: ModuleDefinition
  readonly change: ModuleChange
  readonly next: unknown
  readonly previous: unknown
}

/** Which modules change, how, in dependency order. */
export type Plan = ReadonlyMap<string, Step>

const busyCodes = new Set<ErrorCode>(['module.unsettled', 'module.stuck'])

export type PhaseResult = PhaseTiming['result']

/** Ends a timed phase. */
export type EndOfPhase = (result: PhaseResult) => void

/** One attempt, from a document to an outcome: all that is known of it beside the machine. */
export class Transaction {
  readonly id: string
  readonly epoch: number
  readonly startedAt: number
  readonly #clock: Clock
  readonly #announcer: EventBus | undefined
  /** The same on the monotonic clock. */
  readonly begunAt: number
  trigger: Trigger = 'change'
  /** Why it is taken back, where it is. */
  ending: Ending | undefined
  /** When the tick was, on the monotonic clock. */
  committedAt: number | undefined
  candidate: Candidate | undefined
  /** What it would serve; set once validated. */
  snapshot: Snapshot | undefined
  plan: Plan = new Map()
  readonly staged = new Map<string, GenerationRecord>()
  /** The tick's swaps, once the tick has held. */
  switches: readonly ModuleSwitch[] = []
  /** What served before the tick. */
  previousView: View | undefined
  isCommitted = false
  /** Modules whose rollback threw. */
  readonly rollbackFailures: string[] = []
  /** The compensating modules that were called, in order. */
  readonly applied: Step[] = []
  /** First cause first. */
  readonly failures: Failure[] = []
  /** The prepare under way; awaited before staged generations are given back. */
  preparing: Promise<unknown> = Promise.resolve()
  readonly #timings = new Map<string, PhaseTiming[]>()

  /** Without an announcer nobody is told: it is a dry run. */
  constructor(id: string, epoch: number, clock: Clock, announcer?: EventBus) {
    this.#announcer = announcer
    this.id = id
    this.epoch = epoch
    this.#clock = clock
    this.startedAt = clock.now()
    this.begunAt = clock.monotonic()
  }

  /** The name of its revision, for failures. */
  get revision(): { readonly revision?: string } {
    const name = this.candidate?.revision.name
    return name === undefined ? {} : { revision: name }
  }

  fail(failure: Failure): void {
    this.failures.push(failure)
  }

  elapsedMs(): number {
    return this.#clock.monotonic() - this.begunAt
  }

  /** True where only busy modules stood in the way, so that the document deserves another try. */
  get isUntried(): boolean {
    return this.failures.length > 0 && this.failures.every(({ code }) => busyCodes.has(code))
  }

  /** Starts timing a phase of a module; call what it returns when the phase has ended. */
  time(module: string, phase: Phase): EndOfPhase {
    const startMs = this.elapsedMs()
    this.#announcer?.phase(this.id, module, phase, startMs)
    return (result) => this.#ended(module, phase, startMs, this.elapsedMs(), result)
  }

  /** Notes a phase that is over already: those of one tick share two looks at the clock. */
  note(module: string, phase: Phase, startMs: number, atMs: number, result: PhaseResult): void {
    this.#announcer?.phase(this.id, module, phase, startMs)
    this.#ended(module, phase, startMs, atMs, result)
  }

  #ended(module: string, phase: Phase, startMs: number, atMs: number, result: PhaseResult): void {
    let timings = this.#timings.get(module)
    if (timings === undefined) {
      timings = []
      this.#timings.set(module, timings)
    }
    // The rounds of a soak are one phase: a long soak must not make a long record.
    const last = phase === 'check' ? timings.at(-1) : undefined
    const isNextRound = last?.phase === 'check'
    if (isNextRound) timings.pop()
    const from = isNextRound ? last.startMs : startMs
    timings.push({ phase, startMs: from, durationMs: atMs - from, result })
    this.#announcer?.phase(this.id, module, phase, startMs, { atMs, result })
  }

  /**
   * Lets go of what it needed to be swapped back: whatever remembers a transaction would keep all generations before
   * it. What its record needs stays.
   */
  forget(): void {
    this.switches = []
    this.previousView = undefined
    this.staged.clear()
  }

  /** Its modules for the record, in dependency order. */
  moduleRecords(): ModuleRecord[] {
    return [...this.plan.values()].map(({ module, change }) => ({
      module: module.name,
      change,
      after: module.after,
      phases: [...(this.#timings.get(module.name) ?? [])],
    }))
  }
}
