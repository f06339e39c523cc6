/** The phases in which a module is called, as a scenario names them. `apply` and `undo` are a compensating module's. */
export const faultPhases = ['prepare', 'commit', 'rollback', 'check', 'close', 'apply', 'undo'] as const
export type FaultPhase = (typeof faultPhases)[number]

/** The calls with which a service reaches outside: in each of them its process can die, and something can happen. */
export const outsideCalls = ['source.read', 'schema.validate', 'disk.load', 'disk.save'] as const
export type OutsideCall = (typeof outsideCalls)[number]
export type OutsidePhase = 'read' | 'validate' | 'load' | 'save'

/**
 * What goes wrong in one call of a module. `late` ends after its deadline and grace, `after-abort` ends once its signal
 * aborts, `ignore-signal` takes half its deadline whatever the signal says, `twice` resolves and then rejects, `crash`
 * ends the process in the call.
 */
export const faultKinds = [
  'throw',
  'reject',
  'non-error',
  'hang',
  'late',
  'after-abort',
  'ignore-signal',
  'twice',
  'crash',
] as const
export type FaultKind = (typeof faultKinds)[number]

/** The synchronous phases can only do so much wrong. */
const syncFaultKinds = ['throw', 'non-error', 'twice', 'crash'] as const

/** What can go wrong in a call of this kind. */
export const kindsOf = (phase: FaultPhase | OutsidePhase): readonly FaultKind[] => {
  if (phase === 'commit' || phase === 'rollback') return syncFaultKinds
  return faultPhases.includes(phase as FaultPhase) ? faultKinds : ['crash']
}

/** True where the kind of failure can happen in the phase. */
export const isPlayable = ({ phase, kind }: Pick<Fault, 'phase' | 'kind'>): boolean => kindsOf(phase).includes(kind)

/** One planned failure: of a module, or of the process in a call that reaches outside, where `crash` is all that there is. */
export interface Fault {
  /** A module; `source`, `schema` or `disk` where the phase is one of theirs. */
  readonly module: string
  readonly phase: FaultPhase | OutsidePhase
  /** Which call of that phase of that module, from 1, counted over restarts. */
  readonly call: number
  readonly kind: FaultKind
}

/** What can befall a source. */
export const sourceFaults = [
  'disconnect',
  'reset',
  'silence',
  'compact',
  'duplicate',
  'out-of-order',
  'slow',
  'stale-read',
  'failed-read',
  'hang',
  'missing',
  'malformed',
  'wipe',
] as const
export type SourceFault = (typeof sourceFaults)[number]

/** One thing that happens to the service, in the order of the scenario. */
export type Step =
  /** Somebody writes a document; one that the schema refuses is a step like any other. */
  | { readonly do: 'put'; readonly document: unknown }
  /** So many writes at one moment, of which the document is the last. */
  | { readonly do: 'storm'; readonly count: number; readonly document: unknown }
  /** Two keys in one transaction of the store: nobody may see one without the other. */
  | { readonly do: 'put-both'; readonly documents: readonly [unknown, unknown] }
  /** Something befalls the source; it is healed after `ms` of virtual time, or at the end. */
  | { readonly do: 'source'; readonly fault: SourceFault; readonly ms?: number }
  | { readonly do: 'advance'; readonly ms: number }
  | { readonly do: 'reload' | 'freeze' | 'unfreeze' | 'revert' | 'retry' | 'release' | 'confirm' }
  /** The process dies without a close, and starts anew. */
  | { readonly do: 'crash' }
  /** The reloader is closed, and a new process starts. */
  | { readonly do: 'restart' }

/** A step that happens while a module, the source, the schema or the disk is being called; there once it has answered. */
export interface During {
  readonly module: string
  readonly phase: FaultPhase | OutsidePhase
  /** Which call of that phase of that module, from 1, counted over restarts. */
  readonly call: number
  readonly step: Step
}

/** A history that can be played again: plain JSON, to be kept as a regression. */
export interface Scenario {
  readonly version: 1
  readonly name?: string
  /** Of the jitter and the ids; equal seeds make equal traces. */
  readonly seed: number
  /** What the source holds before the first start. */
  readonly start: unknown
  readonly steps: readonly Step[]
  readonly faults: readonly Fault[]
  readonly during?: readonly During[]
  /** A valid document that is published when the world is healed: it must serve in the end. */
  readonly last: unknown
  /** Virtual time that passes after the start and after each step. Default: none but what a step itself takes. */
  readonly pauseMs?: number
  readonly soakMs?: number
  /** True where the last known good is kept, so that restarts have something to return to. */
  readonly persists?: boolean
  readonly confirmMs?: number
}
