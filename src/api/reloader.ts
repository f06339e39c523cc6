import type { Applier, CompensatingApplier } from './applier.ts'
import type { Diff } from '../model/diff.ts'
import type { Failure } from '../model/failure.ts'
import type { ModuleChange, TransactionRecord } from '../model/record.ts'
import type { DeepReadonly } from '../model/schema.ts'
import type { ModuleDeadlines } from './options.ts'
import type { ReloaderStatus } from './status.ts'

/** What the types know of a module. */
export interface ModuleType {
  readonly instance: unknown
  readonly kind: 'generation' | 'compensating'
}

// The empty set of modules: an object type without keys, to which `use` adds.
// biome-ignore lint/complexity/noBannedTypes: `{}` is the one type that adds no index signature
export type NoModules = {}

/** A module as its users see it. */
export interface ModuleHandle<Instance> {
  /**
   * The serving instance; undefined when the module is off, or before `start`. Read it anew for each piece of work.
   * After `close` it is the last one, closed.
   */
  readonly current: Instance
  /**
   * Runs `task` with the serving instance and keeps its generation open until the task has ended, across awaits
   * (bounded by `deadlines.leaseMs`). Rejects with `reloader.closed` once `close` was called.
   */
  readonly use: <T>(task: (instance: Instance) => T | Promise<T>) => Promise<T>
}

export type ModuleHandles<M> = {
  readonly [Name in keyof M]: M[Name] extends ModuleType ? ModuleHandle<M[Name]['instance']> : never
}

/** What a lease holds: one whole snapshot and the instances that serve it. */
export interface LeasedView<Config, M> {
  readonly config: DeepReadonly<Config>
  readonly modules: {
    readonly [Name in keyof M]: M[Name] extends ModuleType ? { readonly current: M[Name]['instance'] } : never
  }
}

type NamesOfKind<M, Kind extends ModuleType['kind']> = {
  [Name in keyof M]: M[Name] extends { readonly kind: Kind } ? Name : never
}[keyof M] &
  string

/** The modules whose instance fits what a prepare needs. */
type NamesWithInstance<M, Needed> = {
  [Name in keyof M]: M[Name] extends { readonly instance: infer Instance; readonly kind: 'generation' }
    ? [Instance] extends [Needed]
      ? Name
      : never
    : never
}[keyof M] &
  string

interface Links<Names extends string> {
  /** Modules to come after. */
  readonly after?: readonly Names[]
  /** This module's own deadlines, over the reloader's. */
  readonly deadlines?: ModuleDeadlines
}

type NeedsLinks<M, Needs> = {
  /** For each need of the applier, the module whose instance meets it. Implies `after`. */
  readonly needs: { readonly [As in keyof Needs]: NamesWithInstance<M, Needs[As]> }
}

/** An applier without needs may leave the links out; one with needs must name them. */
export type LinksArgument<M, Needs> = [keyof Needs] extends [never]
  ? [links?: Links<NamesOfKind<M, 'generation'>>]
  : [links: Links<NamesOfKind<M, 'generation'>> & NeedsLinks<M, Needs>]

type NewName<M, Name extends string> = Name extends keyof M ? never : Name

// A slice that may be undefined can switch the module off, and then there is no instance.
type InstanceOf<Selected, Instance> = undefined extends Selected ? Instance | undefined : Instance

export interface StartOptions {
  /** Gives the start up; it rejects and all is closed. */
  readonly signal?: AbortSignal
  /** How long to wait for the source, in milliseconds. Default: without end, as an unreachable source is waited for. */
  readonly deadlineMs?: number
}

/** What a listener is told beside the two values. */
export interface ChangeContext {
  /** The transaction's id. */
  readonly transaction: string
  /** `back` where a commit that had held is being taken back. */
  readonly direction: 'forward' | 'back'
}

export interface SubscribeOptions {
  /** Ends the subscription. */
  readonly signal?: AbortSignal
}

export interface RevertOptions {
  /** The name of a revision, or a digest, of `status().history`. Default: the one before the last known good. */
  readonly to?: string
}

export interface ReleaseOptions {
  /** Of `status().quarantine`. Default: all. */
  readonly digest?: string
}

/** What a document would do. */
export type PlanReport =
  | { readonly verdict: 'rejected'; readonly failures: readonly Failure[] }
  | {
      /** `failed` only with `prepare: true`: a module could not prepare. */
      readonly verdict: 'unchanged' | 'changes' | 'failed'
      /** In dependency order. */
      readonly modules: readonly { readonly module: string; readonly change: ModuleChange }[]
      /** Against what serves, values only where public. */
      readonly diff: Diff
      readonly failures: readonly Failure[]
    }

export interface PlanOptions {
  /** Also prepare every module that would change, and close what was made. Default false: no module is called. */
  readonly prepare?: boolean
}

/** Changes a service's configuration as one transaction. Made by `createReloader`. */
export interface Reloader<Config, M = NoModules> {
  /**
   * Adds a module. `select` picks its slice; `undefined` switches the module off. The slice's type comes from the
   * applier. Modules are named in `after` and `needs` only after they were added, so there are no cycles.
   */
  readonly use: {
    <const Name extends string, Slice, Selected extends Slice | undefined>(
      name: NewName<M, Name>,
      select: (config: DeepReadonly<Config>) => Selected,
      applier: CompensatingApplier<Slice>,
      links?: Links<keyof M & string>,
    ): Reloader<Config, M & Record<Name, { readonly instance: undefined; readonly kind: 'compensating' }>>
    <const Name extends string, Slice, Instance, Needs extends object, Selected extends Slice | undefined>(
      name: NewName<M, Name>,
      select: (config: DeepReadonly<Config>) => Selected,
      applier: Applier<Slice, Instance, Needs>,
      ...links: LinksArgument<M, Needs>
    ): Reloader<
      Config,
      M & Record<Name, { readonly instance: InstanceOf<Selected, Instance>; readonly kind: 'generation' }>
    >
  }
  /**
   * Reads the document, follows the source, and resolves at the first commit. Rejects at once for a bad document, and
   * with all closed. An unreachable source is waited for until `signal` or `deadlineMs`.
   */
  readonly start: (options?: StartOptions) => Promise<void>
  /** The serving config: frozen plain data. Throws `reloader.not-started` before the first commit. */
  readonly config: DeepReadonly<Config>
  readonly modules: ModuleHandles<M>
  /**
   * Runs `task` with one whole snapshot and the generations that serve it, across awaits. Rejects with
   * `reloader.not-started`, or with `reloader.closed` once `close` was called.
   */
  readonly lease: <T>(task: (view: LeasedView<Config, M>) => T | Promise<T>) => Promise<T>
  /** Plain data without config values. Never waits. */
  readonly status: () => ReloaderStatus
  /**
   * Reads the source now. Resolves with the record of the first transaction whose read began after the call, whatever
   * its outcome; rejects only where there is no such transaction (`reloader.not-started`, `reloader.closed`).
   */
  readonly reload: () => Promise<TransactionRecord>
  /**
   * Holds every change until `unfreeze`: the source is still read, and what waits is shown, but nothing is applied. A
   * transaction before its tick is aborted, one after it finishes. `reload` rejects with `reloader.frozen`. The reason is
   * shown in `status()`; it survives a restart where a store is given, and so it must be no secret. Resolves when it
   * holds and, where it can be, is written down.
   */
  readonly freeze: (reason: string) => Promise<void>
  /** Follows the source again: the newest document it has shown is applied. Does nothing where nothing is frozen. */
  readonly unfreeze: () => Promise<void>
  /**
   * Freezes, and returns to an earlier good document as a normal transaction: validated, applied, soaked. Without `to`
   * it is the one before the last known good. Of two that wait the later is done, and answers both. A transaction in its soak is swapped back first. Rejects with
   * `reloader.no-such-good` where the history does not hold it.
   */
  readonly revert: (options?: RevertOptions) => Promise<TransactionRecord>
  /**
   * Tries the quarantined document once more; where it fails again, it is held longer. Rejects with
   * `reloader.nothing-to-retry` where none waits, and with `reloader.frozen` while frozen.
   */
  readonly retry: () => Promise<TransactionRecord>
  /** Forgets what is known of a quarantined config, or of all, and tries the one that waits. */
  readonly release: (options?: ReleaseOptions) => Promise<void>
  /**
   * Confirms the running transaction by its id (`status().confirmation`); resolves with its record. Rejects with
   * `confirm.refused` where no transaction of this id waits for it, be it too late or of another id.
   */
  readonly confirm: (transactionId: string) => Promise<TransactionRecord>
  /** Says what a document would do, without doing it. */
  readonly plan: (document: string, options?: PlanOptions) => Promise<PlanReport>
  /**
   * Calls `listener` right after each tick that changed what `select` picks, forward and back. What it throws is
   * reported and changes nothing. Returns the function that ends the subscription.
   */
  readonly subscribe: <T>(
    select: (config: DeepReadonly<Config>) => T,
    listener: (next: T | undefined, previous: T | undefined, context: ChangeContext) => unknown,
    options?: SubscribeOptions,
  ) => () => void
  /** The terminal records from now on; ends with `close`, the signal, or `return`. Keeps 1,000 for a slow consumer. */
  readonly transactions: (options?: { readonly signal?: AbortSignal }) => AsyncIterableIterator<TransactionRecord>
  /**
   * Ends everything: a transaction before its tick is aborted, the rest is drained and closed in reverse order, within
   * the deadlines. May be called often; never rejects.
   */
  readonly close: () => Promise<void>
  readonly [Symbol.asyncDispose]: () => Promise<void>
}
