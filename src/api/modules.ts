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

/** The slice as an applier gets it: what drivers take as options, where arrays are mutable by type. The data are frozen. */
export type SliceOf<Selected> = Fitting<Exclude<Selected, undefined>>

type Fitting<T> = T extends (...args: never) => unknown
  ? T
  : T extends readonly unknown[]
    ? { -readonly [Key in keyof T]: Fitting<T[Key]> }
    : T extends object
      ? { [Key in keyof T]: Fitting<T[Key]> }
      : T

/** The modules that meet the needs of an applier, by the applier's name for each. */
export type NeedsLinks<M> = Readonly<Record<string, NamesOfKind<M, 'generation'>>>

/** What an applier gets as `needs` if the links name no module: an object without keys. */
// biome-ignore lint/suspicious/noEmptyInterface: an error of the compiler shows its name
export interface NoModuleIsNamedInNeeds {}

/** The instances that the links give to an applier. While the compiler has not inferred the links, they are `never`. */
export type NeedsOf<M, Named> = [Named] extends [never]
  ? NoModuleIsNamedInNeeds
  : [keyof Named] extends [never]
    ? NoModuleIsNamedInNeeds
    : string extends keyof Named
      ? // biome-ignore lint/suspicious/noExplicitAny: the error is that of a wrong name in the links
        any
      : { readonly [As in keyof Named & string]: InstanceNamed<M, Named[As]> }

type InstanceNamed<M, Name> = Name extends keyof M
  ? M[Name] extends { readonly instance: infer Instance }
    ? Instance
    : never
  : never

/** Stands for the needs of an applier that does not declare them, as one that is written inline. */
export interface UndeclaredNeeds {
  readonly undeclared: never
}

/** An error in words if the links leave a declared need open, or name one that the applier does not have. */
export type NeedsCheck<Kind, Needs, Named> = [Needs] extends [UndeclaredNeeds]
  ? [Kind, keyof Named] extends ['compensating', infer Name]
    ? [Name] extends [never]
      ? unknown
      : 'a compensating applier gets no needs: name the modules in after'
    : unknown
  : string extends keyof Named
    ? unknown
    : [Exclude<keyof Needs, keyof Named>] extends [never]
      ? [Exclude<keyof Named, keyof Needs>] extends [never]
        ? unknown
        : `this applier has no need { ${Exclude<keyof Named, keyof Needs> & string} }`
      : `this applier needs { ${Exclude<keyof Needs, keyof Named> & string} }: name a module`

/** Lets `use` infer the kind and the declared needs of an applier. */
export interface ApplierTraits<Kind, Needs> {
  readonly kind?: Inferred<Kind>
  readonly '~needs'?: (needs: Needs) => void
}

// biome-ignore lint/suspicious/noExplicitAny: a kind that is not inferred yet must not exclude either kind
type Inferred<Kind> = [Kind] extends [never] ? any : Kind

/** The kind of a module, by what is inferred: an applier without a kind makes generations. */
export type KindOf<Kind> = [Kind] extends ['compensating'] ? 'compensating' : 'generation'

/** How a module depends on others. */
export interface Links<M, Kind, Instance, Named> {
  /** The modules after which this one changes. A module with generations cannot come after a compensating one. */
  readonly after?: readonly AfterNames<M, Kind, Instance>[]
  /** The module whose instance meets each need of the applier. Implies `after`. */
  readonly needs?: Named
  /** The deadlines of this module, in milliseconds. @default those of the reloader */
  readonly deadlines?: ModuleDeadlines
}

/** An instance that is not inferred yet leaves open whether the module is compensating. */
type AfterNames<M, Kind, Instance> = [Kind] extends ['generation']
  ? NamesOfKind<M, 'generation'>
  : [Kind] extends ['compensating']
    ? keyof M & string
    : unknown extends Instance
      ? keyof M & string
      : NamesOfKind<M, 'generation'>

/** A name that no module has yet. */
export type NewName<M, Name extends string> = Name extends keyof M ? never : Name

/** The instance of a module: none if it is compensating. It is undefined while an undefined slice switches the module off. */
export type InstanceOf<Kind, Selected, Instance> =
  KindOf<Kind> extends 'compensating' ? undefined : undefined extends Selected ? Instance | undefined : Instance
