import type { DeepReadonly } from '../model/schema.ts'
import type { ModuleDeadlines } from './options.ts'

/** The type of a module: that of its instance, and its kind. */
export interface ModuleType {
  readonly instance: unknown
  readonly kind: 'generation' | 'compensating'
}

/** The type of a reloader's modules before the first `use`: an object without keys. */
// biome-ignore lint/complexity/noBannedTypes: only `{}` adds no index signature
export type NoModules = {}

/** A module of a reloader: `reloader.modules.name`. */
export interface ModuleHandle<Instance> {
  /**
   * The serving instance; undefined while the module is off and before the first commit. Read it again for each piece
   * of work. After `close` it is the last instance, which is closed.
   */
  readonly current: Instance
  /**
   * Runs the task with the serving instance, whose generation stays open until the task ends, but not longer than
   * `deadlines.leaseMs` after it was replaced.
   *
   * @throws ChangeoverError `reloader.closed`
   *
   * @example
   * ```ts
   * const { rows } = await reloader.modules.db.use((pool) => pool.query('select now()'))
   * ```
   */
  readonly use: <T>(task: (instance: Instance) => T | Promise<T>) => Promise<T>
}

/** The handles of all modules, by name. */
export type ModuleHandles<M> = {
  readonly [Name in keyof M]: M[Name] extends ModuleType ? ModuleHandle<M[Name]['instance']> : never
}

/** A config and the instances that serve it, for the time of a lease. */
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

/** The names of the modules whose instance meets a need. */
type NamesWithInstance<M, Needed> = {
  [Name in keyof M]: M[Name] extends { readonly instance: infer Instance; readonly kind: 'generation' }
    ? [Instance] extends [Needed]
      ? Name
      : never
    : never
}[keyof M] &
  string

/** How a module depends on others. */
export interface Links<Names extends string> {
  /** The modules after which this one changes. */
  readonly after?: readonly Names[]
  /** The deadlines of this module, in milliseconds. @default those of the reloader */
  readonly deadlines?: ModuleDeadlines
}

type NeedsLinks<M, Needs> = {
  /** The module whose instance meets each need of the applier. Implies `after`. */
  readonly needs: { readonly [As in keyof Needs]: NamesWithInstance<M, Needs[As]> }
}

/** The links are optional for an applier without needs. */
export type LinksArgument<M, Needs> = [keyof Needs] extends [never]
  ? [links?: Links<NamesOfKind<M, 'generation'>>]
  : [links: Links<NamesOfKind<M, 'generation'>> & NeedsLinks<M, Needs>]

/** A name that no module has yet. */
export type NewName<M, Name extends string> = Name extends keyof M ? never : Name

/** The instance of a module, which is undefined while an undefined slice switches the module off. */
export type InstanceOf<Selected, Instance> = undefined extends Selected ? Instance | undefined : Instance
