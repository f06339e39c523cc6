import type { TransactionRecord } from '../../../model/record.ts'

/** A broken invariant: its name (`G8`, `heal`, or one of the user's) and what was seen. */
export interface Violation {
  readonly invariant: string
  readonly message: string
  /** The error that an invariant or other user code threw, if that is the violation. */
  readonly error?: unknown
}

/** Something that happened at one moment of virtual time. */
export interface TraceEvent {
  /** Milliseconds of virtual time since the scenario began. */
  readonly at: number
  /** The number of the process: 1 for the first, and one more after each restart. */
  readonly process: number
  readonly what:
    | { readonly kind: 'step' | 'broken'; readonly text: string }
    | { readonly kind: 'call' | 'return'; readonly module: string; readonly phase: string; readonly generation: number }
    | { readonly kind: 'fault'; readonly module: string; readonly phase: string; readonly fault: string }
    | { readonly kind: 'commit' | 'rollback' }
    | { readonly kind: 'record'; readonly record: TransactionRecord }
    | {
        readonly kind: 'process'
        readonly event: 'started' | 'start-failed' | 'crashed' | 'closed'
        readonly code?: string
      }
}

/** The result of playing one scenario. */
export interface RunResult {
  /** The broken invariants, the first cause first; empty if every invariant held. */
  readonly violations: readonly Violation[]
  readonly trace: readonly TraceEvent[]
  /** How often each outcome was reached. */
  readonly outcomes: Readonly<Record<string, number>>
  /** How often each planned fault was reached. */
  readonly faultsReached: Readonly<Record<string, number>>
  /** The names of the user's `sometimes` conditions that were met. */
  readonly sometimes: ReadonlySet<string>
  /** The config that served when the transaction of the last step had ended, before everything was healed. */
  readonly served: unknown
  /** How much virtual time passed, in milliseconds. */
  readonly virtualMs: number
}
