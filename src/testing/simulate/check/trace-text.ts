import type { TransactionRecord } from '../../../model/record.ts'

/** What happened at one moment of virtual time. Kept as it is and made text only when somebody asks. */
export interface TraceEvent {
  /** Milliseconds of virtual time since the scenario began. */
  readonly at: number
  /** Which process: 1, and one more with each restart. */
  readonly process: number
  readonly what:
    | { readonly kind: 'step' | 'broken'; readonly text: string }
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

type CallEvent = Extract<TraceEvent['what'], { readonly module: string }>

/** What befalls a module, without its name. */
export const describeCall = (what: CallEvent): string => {
  if (what.kind === 'fault') return `${what.phase} ✗ ${what.fault}`
  const generation = what.generation === 0 ? '' : ` #${what.generation}` // there is none yet
  return `${what.phase}${generation} ${what.kind === 'call' ? '…' : 'ended'}`
}

/** Milliseconds of virtual time, to the microsecond. */
export const roundMs = (at: number): number => Math.round(at * 1_000) / 1_000

/** One event in words. */
export const describeEvent = ({ what }: TraceEvent): string => {
  switch (what.kind) {
    case 'step':
      return `» ${what.text}`
    case 'broken':
      return `✗ broken: ${what.text}`
    case 'call':
    case 'return':
    case 'fault':
      return `  ${what.module}.${describeCall(what)}`
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

/** True where the call ends in the same moment, before anything but other calls. */
const endsAtOnce = (trace: readonly TraceEvent[], index: number): boolean => {
  const call = trace[index]
  if (call?.what.kind !== 'call') return false
  const { module, phase, generation } = call.what
  for (let next = index + 1; ; next++) {
    const event = trace[next]
    const what = event?.what
    if (event?.at !== call.at || (what?.kind !== 'call' && what?.kind !== 'return')) return false
    const isSame = what.module === module && what.phase === phase && what.generation === generation
    if (isSame) return what.kind === 'return'
  }
}

/** True where the line before it says that this call goes wrong. */
const isToldAsFault = (trace: readonly TraceEvent[], index: number): boolean => {
  const [fault, call] = [trace[index - 1]?.what, trace[index]?.what]
  return fault?.kind === 'fault' && call?.kind === 'call' && fault.module === call.module && fault.phase === call.phase
}

/** The trace for people: of a call that has ended at once only its end, of one that goes wrong only that. */
export const condensed = (trace: readonly TraceEvent[]): readonly TraceEvent[] =>
  trace.filter((_, index) => !endsAtOnce(trace, index) && !isToldAsFault(trace, index))

/** The trace as text, a line an event: equal for equal scenarios, byte for byte. */
export const traceText = (trace: readonly TraceEvent[]): string =>
  condensed(trace)
    .map((event) => `${String(roundMs(event.at)).padStart(9)} ms  p${event.process}  ${describeEvent(event)}`)
    .join('\n')
