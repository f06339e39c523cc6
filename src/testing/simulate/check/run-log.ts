import type { TransactionRecord } from '../../../model/record.ts'
import type { Violation } from '../scenario/subject.ts'
import type { TraceEvent } from './trace-text.ts'

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

  /** `error` is what a user's own code has thrown, where that is what broke it. */
  breach(invariant: string, message: string, error?: unknown): void {
    if (this.violations.length >= MAX_VIOLATIONS) return
    this.note({ kind: 'broken', text: `${invariant}: ${message}` })
    this.violations.push({ invariant, message, ...(error === undefined ? {} : { error }) })
  }

  noteFault(module: string, phase: string, fault: string): void {
    this.reached(`${module}.${phase} ${fault}`)
    this.note({ kind: 'fault', module, phase, fault })
  }

  /** Something that goes wrong was reached: a planned failure, trouble at the source, a storm. */
  reached(fault: string): void {
    this.faultsReached[fault] = (this.faultsReached[fault] ?? 0) + 1
  }

  /** The process died, in this state of its reloader. */
  noteCrash(state: string): void {
    this.reached(`process crash in ${state}`)
    this.note({ kind: 'process', event: 'crashed', code: `in ${state}` })
  }

  noteRecord(record: TransactionRecord): void {
    this.outcomes[record.outcome] = (this.outcomes[record.outcome] ?? 0) + 1
    this.note({ kind: 'record', record })
  }
}
