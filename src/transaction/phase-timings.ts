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

/** Times what a transaction does with its modules, in milliseconds since the transaction began. */
export class PhaseTimings {
  readonly #clock: Clock
  readonly #begunAt: number
  readonly #onPhase: OnPhase | undefined
  readonly #timings = new Map<string, PhaseTiming[]>()

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
    return [...(this.#timings.get(module) ?? [])]
  }

  #end(module: string, phase: Phase, startMs: number, atMs: number, result: PhaseResult): PhaseTiming {
    let timings = this.#timings.get(module)
    if (timings === undefined) {
      timings = []
      this.#timings.set(module, timings)
    }
    // The rounds of a soak are one phase, so that a long soak does not make a long record.
    const last = phase === 'check' ? timings.at(-1) : undefined
    const isNextRound = last?.phase === 'check'
    if (isNextRound) timings.pop()
    const from = isNextRound ? last.startMs : startMs
    const timing = { phase, startMs: from, durationMs: atMs - from, result }
    timings.push(timing)
    this.#onPhase?.(module, phase, startMs, { atMs, result })
    return timing
  }
}
