import type { TransactionRecord } from '../../../model/record.ts'
import type { TraceEvent, Violation } from '../scenario/run-result.ts'

/** More violations than these are dropped. Only the first one counts. */
const MAX_VIOLATIONS = 20

/** Reports a broken invariant. */
export type Breach = (invariant: string, message: string) => void

/** The log of one run: what happened, which faults were reached, which invariants were broken. */
export class RunLog {
  readonly trace: TraceEvent[] = []
  readonly violations: Violation[] = []
  readonly outcomes: Record<string, number> = {}
  readonly faultsReached: Record<string, number> = {}
  readonly sometimes = new Set<string>()
  /** Names the call that waits for the real world, if there is one. */
  noProgress: string | undefined
  readonly #now: () => number
  #process = 0

  constructor(now: () => number) {
    this.#now = now
  }

  /** Assigns the following events to this process. */
  setProcess(process: number): void {
    this.#process = process
  }

  note(what: TraceEvent['what']): void {
    this.trace.push({ at: this.#now(), process: this.#process, what })
  }

  /** Notes a broken invariant. `error` is what user code threw, if that broke it. */
  readonly breach = (invariant: string, message: string, error?: unknown): void => {
    if (this.violations.length >= MAX_VIOLATIONS) return
    this.note({ kind: 'broken', text: `${invariant}: ${message}` })
    this.violations.push({ invariant, message, ...(error === undefined ? {} : { error }) })
  }

  noteFault(module: string, phase: string, fault: string): void {
    this.countFault(`${module}.${phase} ${fault}`)
    this.note({ kind: 'fault', module, phase, fault })
  }

  /** Counts a fault that was reached: a planned failure, trouble at the source, a storm. */
  countFault(fault: string): void {
    this.faultsReached[fault] = (this.faultsReached[fault] ?? 0) + 1
  }

  /** Notes that the process crashed while its reloader was in `state`. */
  noteCrash(state: string): void {
    this.countFault(`process crash in ${state}`)
    this.note({ kind: 'process', event: 'crashed', code: `in ${state}` })
  }

  noteRecord(record: TransactionRecord): void {
    this.outcomes[record.outcome] = (this.outcomes[record.outcome] ?? 0) + 1
    this.note({ kind: 'record', record })
  }
}
