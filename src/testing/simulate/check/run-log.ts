import type { TransactionRecord } from '../../../model/record.ts'
import type { TraceEvent, Violation } from '../scenario/run-result.ts'

/** More violations than these are dropped. Only the first one counts. */
const MAX_VIOLATIONS = 20

/** Reports a broken invariant. */
export type Breach = (invariant: string, message: string) => void

/** What all logs of a run share. */
class LogEntries {
  readonly trace: TraceEvent[] = []
  readonly violations: Violation[] = []
  readonly outcomes: Record<string, number> = {}
  readonly faultsReached: Record<string, number> = {}
  readonly sometimes = new Set<string>()
  /** Names the call that waits for the real world, if there is one. */
  noProgress: string | undefined
}

/** The log of one run, as one process writes it: what happened, which faults were reached, which invariants were broken. */
export class RunLog {
  readonly #entries: LogEntries
  readonly #now: () => number
  readonly #process: number

  constructor(now: () => number, process = 0, entries = new LogEntries()) {
    this.#now = now
    this.#process = process
    this.#entries = entries
  }

  /** Returns the same log, which assigns events to this process. */
  forProcess(process: number): RunLog {
    return new RunLog(this.#now, process, this.#entries)
  }

  /** Everything that was logged so far, by all processes. */
  get entries(): Readonly<LogEntries> {
    return this.#entries
  }

  get violations(): readonly Violation[] {
    return this.#entries.violations
  }

  get sometimes(): Set<string> {
    return this.#entries.sometimes
  }

  get noProgress(): string | undefined {
    return this.#entries.noProgress
  }

  /** Notes a call that waits for the real world, if none is noted. */
  noteNoProgress(call: string | undefined): void {
    this.#entries.noProgress ??= call
  }

  note(what: TraceEvent['what']): void {
    this.#entries.trace.push({ at: this.#now(), process: this.#process, what })
  }

  /** Notes a broken invariant. `error` is what user code threw, if that broke it. */
  readonly breach = (invariant: string, message: string, error?: unknown): void => {
    if (this.violations.length >= MAX_VIOLATIONS) return
    this.note({ kind: 'broken', text: `${invariant}: ${message}` })
    this.#entries.violations.push({ invariant, message, ...(error === undefined ? {} : { error }) })
  }

  noteFault(module: string, phase: string, fault: string): void {
    this.countFault(`${module}.${phase} ${fault}`)
    this.note({ kind: 'fault', module, phase, fault })
  }

  /** Counts a fault that was reached: a planned failure, trouble at the source, a storm. */
  countFault(fault: string): void {
    addOne(this.#entries.faultsReached, fault)
  }

  /** Notes that the process crashed while its reloader was in `state`. */
  noteCrash(state: string): void {
    this.countFault(`process crash in ${state}`)
    this.note({ kind: 'process', event: 'crashed', code: `in ${state}` })
  }

  noteRecord(record: TransactionRecord): void {
    addOne(this.#entries.outcomes, record.outcome)
    this.note({ kind: 'record', record })
  }
}

const addOne = (counts: Record<string, number>, name: string): void => {
  counts[name] = (counts[name] ?? 0) + 1
}
