import type { TraceEvent } from '../scenario/run-result.ts'

/** Formats a trace, one line per event. Equal scenarios give equal texts, byte for byte. */
export const traceText = (trace: readonly TraceEvent[]): string =>
  condensed(trace)
    .map((event) => `${String(roundMs(event.at)).padStart(9)} ms  p${event.process}  ${describeEvent(event)}`)
    .join('\n')

/** Drops what a reader does not need: the start of a call that ends at once, and the start of a call that a fault breaks. */
export const condensed = (trace: readonly TraceEvent[]): readonly TraceEvent[] =>
  trace.filter((_, index) => !endsAtOnce(trace, index) && !followsItsFault(trace, index))

/** Rounds milliseconds of virtual time to the microsecond. */
export const roundMs = (at: number): number => Math.round(at * 1_000) / 1_000

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
    case 'commit':
    case 'rollback':
      return `  ${what.kind}`
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

type CallEvent = Extract<TraceEvent['what'], { readonly module: string }>

/** Describes an event of a module, without the module's name. */
export const describeCall = (what: CallEvent): string => {
  if (what.kind === 'fault') return `${what.phase} ✗ ${what.fault}`
  const generation = what.generation === 0 ? '' : ` #${what.generation}` // 0: the call makes the generation
  return `${what.phase}${generation} ${what.kind === 'call' ? '…' : 'ended'}`
}

/** True if the call ends at the same moment, and only other calls come between. */
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

/** True if the event before reports a fault of this call. */
const followsItsFault = (trace: readonly TraceEvent[], index: number): boolean => {
  const [fault, call] = [trace[index - 1]?.what, trace[index]?.what]
  return fault?.kind === 'fault' && call?.kind === 'call' && fault.module === call.module && fault.phase === call.phase
}
