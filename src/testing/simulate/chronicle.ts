import type { TransactionRecord } from '../../model/record.ts'
import type { Violation } from './subject.ts'
import type { TraceEvent } from './trace.ts'

/** Broken invariants that are kept; the first is the one that counts. */
const MAX_VIOLATIONS = 20

/** What a simulation has noted: what happened, what was reached, what was broken. */
export class Chronicle {
  readonly trace: TraceEvent[] = []
  readonly violations: Violation[] = []
  readonly outcomes: Record<string, number> = {}
  readonly faultsReached: Record<string, number> = {}
  readonly sometimes = new Set<string>()
  /** A call that waits for something that neither time nor the simulation gives. */
  noProgress: string | undefined
  readonly #now: () => number
  #process = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** What is noted from now on belongs to this process. */
  turn(process: number): void {
    this.#process = process
  }

  note(what: TraceEvent['what']): void {
    this.trace.push({ at: this.#now(), process: this.#process, what })
  }

  breach(invariant: string, message: string): void {
    if (this.violations.length < MAX_VIOLATIONS) this.violations.push({ invariant, message })
  }

  noteFault(module: string, phase: string, fault: string): void {
    const reached = `${phase} ${fault}`
    this.faultsReached[reached] = (this.faultsReached[reached] ?? 0) + 1
    this.note({ kind: 'fault', module, phase, fault })
  }

  noteRecord(record: TransactionRecord): void {
    this.outcomes[record.outcome] = (this.outcomes[record.outcome] ?? 0) + 1
    this.note({ kind: 'record', record })
  }
}
