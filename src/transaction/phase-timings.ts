import type { Clock } from '../api/clock.ts'
import type { Phase } from '../model/failure.ts'
import type { PhaseTiming } from '../model/record.ts'

export type PhaseResult = PhaseTiming['result']

/** Ends a timed phase, and returns how long it took. */
export type EndOfPhase = (result: PhaseResult) => PhaseTiming

/** Hears of each phase twice: when it begins, and with `ended` when it is over. */
export type OnPhase = (
  module: string,
  phase: Phase,
  startMs: number,
  ended?: { readonly atMs: number; readonly result: PhaseResult },
) => void

const none: readonly PhaseTiming[] = []

/** Times what a transaction does with its modules, in milliseconds since the transaction began. */
export class PhaseTimings {
  readonly #clock: Clock
  readonly #begunAt: number
  readonly #onPhase: OnPhase | undefined
  // Lists are replaced, not changed: one that grows has room for sixteen phases (bench: apply).
  readonly #timings = new Map<string, readonly PhaseTiming[]>()

  constructor(clock: Clock, onPhase?: OnPhase) {
    this.#clock = clock
    this.#begunAt = clock.monotonic()
    this.#onPhase = onPhase
  }

  elapsedMs(): number {
    return this.#clock.monotonic() - this.#begunAt
  }

  /** Starts a phase; call what it returns when the phase has ended. */
  start(module: string, phase: Phase): EndOfPhase {
    const startMs = this.elapsedMs()
    this.#onPhase?.(module, phase, startMs)
    return (result) => this.#end(module, phase, startMs, this.elapsedMs(), result)
  }

  /** Adds a phase that is over. All modules of one commit share two readings of the clock. */
  add(module: string, phase: Phase, startMs: number, atMs: number, result: PhaseResult): void {
    this.#onPhase?.(module, phase, startMs)
    this.#end(module, phase, startMs, atMs, result)
  }

  of(module: string): readonly PhaseTiming[] {
    return this.#timings.get(module) ?? none
  }

  #end(module: string, phase: Phase, startMs: number, atMs: number, result: PhaseResult): PhaseTiming {
    const timings = this.of(module)
    // The rounds of a soak are one phase, so that a long soak does not make a long record.
    const last = phase === 'check' ? timings.at(-1) : undefined
    const isNextRound = last?.phase === 'check'
    const from = isNextRound ? last.startMs : startMs
    const timing: PhaseTiming = { phase, startMs: from, durationMs: atMs - from, result }
    this.#timings.set(module, (isNextRound ? timings.slice(0, -1) : timings).concat(timing))
    this.#onPhase?.(module, phase, startMs, { atMs, result })
    return timing
  }
}
