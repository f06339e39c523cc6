import type { TransactionRecord } from '../../model/record.ts'

/** What happened at one moment of virtual time. Kept as it is and made text only when somebody asks. */
export interface TraceEvent {
  /** Milliseconds of virtual time since the scenario began. */
  readonly at: number
  /** Which process: 1, and one more with each restart. */
  readonly process: number
  readonly what:
    | { readonly kind: 'step'; readonly text: string }
    | { readonly kind: 'call' | 'return'; readonly module: string; readonly phase: string; readonly generation: number }
    | { readonly kind: 'fault'; readonly module: string; readonly phase: string; readonly fault: string }
    | { readonly kind: 'tick'; readonly direction: 'forward' | 'back' }
    | { readonly kind: 'record'; readonly record: TransactionRecord }
    | {
        readonly kind: 'process'
        readonly event: 'started' | 'start-failed' | 'crashed' | 'closed'
        readonly code?: string
      }
}

/** One event in words. */
export const describeEvent = ({ what }: TraceEvent): string => {
  switch (what.kind) {
    case 'step':
      return `» ${what.text}`
    case 'call':
      return `  ${what.module}.${what.phase} #${what.generation} …`
    case 'return':
      return `  ${what.module}.${what.phase} #${what.generation} ended`
    case 'fault':
      return `  ${what.module}.${what.phase} ✗ ${what.fault}`
    case 'tick':
      return `  tick ${what.direction}`
    case 'record': {
      const { outcome, trigger, epoch, revision } = what.record
      const failures = 'failures' in what.record ? what.record.failures : []
      const why = failures.map(({ code, module }) => (module === undefined ? code : `${code} (${module})`)).join(', ')
      return `= ${outcome} #${epoch} (${trigger}${revision === undefined ? '' : `, revision ${revision.name}`})${why === '' ? '' : `: ${why}`}`
    }
    case 'process':
      return `* process ${what.event}${what.code === undefined ? '' : `: ${what.code}`}`
  }
}

/** The trace as text, a line an event: equal for equal scenarios, byte for byte. */
export const traceText = (trace: readonly TraceEvent[]): string =>
  trace
    .map(
      (event) =>
        `${String(Math.round(event.at * 1_000) / 1_000).padStart(9)} ms  p${event.process}  ${describeEvent(event)}`,
    )
    .join('\n')
