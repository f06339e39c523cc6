/** The phases in which a module is called, as a scenario names them. Only compensating modules have `apply` and `undo`. */
export const faultPhases = ['prepare', 'commit', 'rollback', 'check', 'close', 'apply', 'undo'] as const
/** One of the {@link faultPhases}. */
export type FaultPhase = (typeof faultPhases)[number]

/** The calls of a service to its environment. The process can crash, and a step can happen, in each of them. */
export const environmentCalls = ['source.read', 'schema.validate', 'disk.load', 'disk.save'] as const
/** One of the {@link environmentCalls}. */
export type EnvironmentCall = (typeof environmentCalls)[number]
/** The last part of an {@link EnvironmentCall}. */
export type EnvironmentPhase = 'read' | 'validate' | 'load' | 'save'

/**
 * The kinds of failure in one call. `late` settles after the deadline and the grace, `after-abort` settles when the signal
 * aborts, `ignore-signal` takes half the deadline whatever the signal does, `twice` resolves and then rejects, `permanent`
 * rejects with a `permanent` error, `outage` rejects this call and all further calls of the same kind for a while, as if
 * a server could not be reached, `crash` ends the process in the call.
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
  'permanent',
  'outage',
] as const
/** One of the {@link faultKinds}. */
export type FaultKind = (typeof faultKinds)[number]

/** The synchronous phases can fail in fewer ways. */
const syncFaultKinds = ['throw', 'non-error', 'twice', 'crash'] as const

/** Returns the kinds of failure that are possible in a phase. */
export const faultKindsOf = (phase: FaultPhase | EnvironmentPhase): readonly FaultKind[] => {
  switch (phase) {
    case 'commit':
    case 'rollback':
      return syncFaultKinds
    case 'prepare':
    case 'check':
    case 'apply':
      return faultKinds
    // Neither call judges a document, so it cannot declare one at fault.
    case 'undo':
    case 'close':
      return faultKinds.filter((kind) => kind !== 'permanent')
    case 'validate':
      return ['crash']
    default:
      return ['crash', 'outage']
  }
}

/** The phases whose calls can have an outage. */
export type OutagePhase = Exclude<FaultPhase, 'commit' | 'rollback'> | Exclude<EnvironmentPhase, 'validate'>

/** How long an outage lasts if the scenario does not say, in milliseconds of virtual time. */
export const OUTAGE_MS = 3_000

export const isPossibleFault = ({ phase, kind }: Pick<Fault, 'phase' | 'kind'>): boolean =>
  faultKindsOf(phase).includes(kind)

/** One planned failure: of a module, or in a call to the environment, where only `crash` and `outage` are possible. */
export interface Fault {
  /** The name of a module; `source`, `schema` or `disk` if the phase is one of theirs. */
  readonly module: string
  readonly phase: FaultPhase | EnvironmentPhase
  /** Which call of that phase of that module fails: a number from 1, counted over restarts. */
  readonly call: number
  readonly kind: FaultKind
  /** How long an outage lasts, in milliseconds of virtual time. @default 3000 */
  readonly ms?: number
}

/**
 * The kinds of trouble that a source can have. `later-order` reports the newest document once more, at a later order;
 * `put-back` writes the document before and then the newest one again, and reports the former after the latter.
 */
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
  'later-order',
  'put-back',
] as const
/** One of the {@link sourceFaults}. */
export type SourceFault = (typeof sourceFaults)[number]

/** The commands that an operator gives a reloader. */
export const operatorCommands = [
  'reload',
  'freeze',
  'unfreeze',
  'revert',
  'retry',
  'release',
  'confirm',
  'refresh',
  'force',
] as const
/** One of the {@link operatorCommands}. */
export type OperatorCommand = (typeof operatorCommands)[number]

/** One thing that happens to the service, in the order of the scenario. */
export type Step =
  /** A document is written. The schema may refuse it. */
  | { readonly do: 'put'; readonly document: unknown }
  /** `count` documents are written at one moment; `document` is the last of them. */
  | { readonly do: 'storm'; readonly count: number; readonly document: unknown }
  /** Two keys are written in one transaction of the store: no reader may see one without the other. */
  | { readonly do: 'put-both'; readonly documents: readonly [unknown, unknown] }
  /** The source gets into trouble. It is healed after `ms` of virtual time, or at the end. */
  | { readonly do: 'source'; readonly fault: SourceFault; readonly ms?: number }
  | { readonly do: 'advance'; readonly ms: number }
  /** The last document is written again with its keys in another order, which is a change. */
  | { readonly do: 'reorder' }
  /** The wall clock is set forward by `ms`, or back. Elapsed time is not affected. */
  | { readonly do: 'clock'; readonly ms: number }
  | { readonly do: Exclude<OperatorCommand, 'refresh'> }
  /** A file that the config names is rotated, and the module that reads it is refreshed, or all of them. */
  | { readonly do: 'refresh'; readonly module?: string }
  /** All calls of this kind fail for a while from now on, as if a server could not be reached. */
  | {
      readonly do: 'outage'
      readonly module: string
      readonly phase: OutagePhase
      /** @default 3000 */
      readonly ms?: number
    }
  /** A new process starts on the same store, and the old one is closed `ms` of virtual time later: a rolling deployment. */
  | { readonly do: 'overlap'; readonly ms: number }
  /** The process dies without a close and starts again. */
  | { readonly do: 'crash' }
  /** The reloader is closed, and a new process starts. */
  | { readonly do: 'restart' }

/** A step that happens during a call of a module, or when the source, the schema or the disk has just answered. */
export interface During {
  readonly module: string
  readonly phase: FaultPhase | EnvironmentPhase
  /** During which call of that phase of that module: a number from 1, counted over restarts. */
  readonly call: number
  readonly step: Step
}

/** A history that can be played again. It is plain JSON, so that it can be kept as a regression test. */
export interface Scenario {
  readonly version: 1
  readonly name?: string
  /** Seeds the jitter and the ids. Equal seeds make equal traces. */
  readonly seed: number
  /** The document that the source holds before the first start. */
  readonly start: unknown
  readonly steps: readonly Step[]
  readonly faults: readonly Fault[]
  readonly during?: readonly During[]
  /** A valid document that is published when everything is healed. It must serve in the end. */
  readonly last: unknown
  /**
   * Virtual time that passes after the start and after each step, in milliseconds.
   * @default 0
   */
  readonly pauseMs?: number
  readonly soakMs?: number
  /**
   * True if the last known good is persisted in a store of the user's, so that a restart can return to it. With `files` it
   * is stored as in production, where processes that live side by side have files of their own.
   */
  readonly persists?: boolean | 'files'
  readonly confirmMs?: number
  /**
   * What names a revision: with `content`, a document that comes again has its old name and a later order.
   * @default the order
   */
  readonly names?: 'content'
  /** True if the watch only announces changes, so that each must be read. */
  readonly announces?: boolean
  /**
   * How long a read takes, in milliseconds of virtual time. It answers what the source held when it began.
   * @default 0
   */
  readonly readMs?: number
}
