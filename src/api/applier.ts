import type { Clock } from './clock.ts'

/** The second argument of `prepare`. */
export interface PrepareContext<Slice, Needs extends object = object> {
  /** The module's name. */
  readonly module: string
  /** The slice that serves now; absent if the module serves nothing yet or was switched off. */
  readonly previous?: Slice
  /** The instances of the modules in `needs`: the prepared one if that module changes too, else the serving one. */
  readonly needs: Needs
  /** Aborts at the deadline, and when the transaction is aborted. Stop working then: a late generation is closed. */
  readonly signal: AbortSignal
  /** The reloader's clock. Use it instead of global timers, so that the applier works in simulations. */
  readonly clock: Clock
  /**
   * Registers a clean-up that runs if this prepare throws, rejects or returns no generation. Clean-ups run once each,
   * in reverse order. After a prepare that returns a generation, its `close` cleans up instead.
   */
  readonly defer: (cleanup: () => unknown) => void
  /** Returns true while the generation of this prepare serves; for timers that continue after it is replaced. */
  readonly isServing: () => boolean
  /** Reports an error of background work, such as a timer's task. It is logged and counted, and changes nothing. */
  readonly report: (error: unknown) => void
}

/** One prepared instance of a module. It serves or is discarded, and is closed exactly once. */
export interface Generation<Instance> {
  /** What `reloader.modules.name.current` becomes at the commit. */
  readonly instance: Instance
  /** Makes this generation live by a side effect (`logger.level = next`). Synchronous; it should not throw. */
  readonly commit?: () => undefined
  /** Reverts `commit` exactly. Synchronous, without I/O, and tolerant of a commit that threw half-way. */
  readonly rollback?: () => undefined
  /** Checks the health of this generation during the soak. Rejects if the change must be rolled back. */
  readonly check?: (signal: AbortSignal) => Promise<void>
  /**
   * Drains and releases the instance. Called exactly once: when the generation is discarded, after the soak of the next
   * one, or by `reloader.close()`.
   */
  readonly close?: () => Promise<void> | void
}

/** Prepares the generations of a module from slices of the config. It never sees the whole config. */
export interface Applier<Slice, Instance = undefined, Needs extends object = object> {
  readonly kind?: 'generation'
  /**
   * Makes the next generation of the module. Put everything that can fail into it: nothing changes before the commit.
   *
   * `previousInstance` is what serves now, to hand state over (counters, a cache); undefined if the module serves nothing
   * yet or was switched off. It serves until the commit and again after a rollback, so do not change it here: share state
   * with it, or take things over in `commit` and give them back in `rollback`. Annotate its type, which is `Instance`.
   */
  readonly prepare: (
    next: Slice,
    context: PrepareContext<Slice, Needs>,
    // biome-ignore lint/suspicious/noExplicitAny: `Instance` would make the type invariant, and it comes from this applier
    previousInstance?: any,
  ) => Promise<Generation<Instance>> | Generation<Instance>
  /** Never there at run time: tells the compiler by name what the applier needs, for the error if a need is forgotten. */
  readonly '~needs'?: (needs: Needs) => void
}

/**
 * An {@link Applier} that a call has made, such as `timer(…)`. It cannot be called: its call signature only makes the
 * compiler infer the slice and the needs of an inline call from `use`, as those of a function.
 */
export interface InlineApplier<Slice, Instance = undefined, Needs extends object = object>
  extends Applier<Slice, Instance, Needs> {
  (this: never): never
}

/** The third argument of a compensating applier's `apply`. */
export interface ApplyContext {
  /** The module's name. */
  readonly module: string
  /** `forward` applies the config that was just committed; `back` undoes it. */
  readonly direction: 'forward' | 'back'
  /** Aborts at the deadline, and when the transaction is aborted. */
  readonly signal: AbortSignal
  /** The reloader's clock. Use it instead of global timers. */
  readonly clock: Clock
}

/**
 * An applier for something that cannot exist twice. `apply` changes it in place after the commit; the undo is another
 * `apply` with `next` and `previous` exchanged, and it can fail.
 */
export interface CompensatingApplier<Slice> {
  readonly kind: 'compensating'
  /** Changes from the previous slice to the next one. `previous` is undefined if the module serves nothing yet. */
  readonly apply: (next: Slice, previous: Slice | undefined, context: ApplyContext) => Promise<void> | void
  /**
   * Releases what the module holds. Called when the module is switched off, when its first `apply` is undone, and by
   * `reloader.close()`.
   */
  readonly close?: () => Promise<void> | void
}

/** A {@link CompensatingApplier} that `defineApplier` has made. It cannot be called, as an {@link InlineApplier}. */
export interface InlineCompensatingApplier<Slice> extends CompensatingApplier<Slice> {
  (this: never): never
}

/**
 * Makes a compensating applier. Prefer an {@link Applier} if the old instance can live beside the new one: its
 * generations can always be rolled back.
 *
 * @example
 * ```ts
 * const route = defineApplier<{ readonly weight: number }>({
 *   apply: ({ weight }, _previous, { signal }) => proxy.setWeight(weight, { signal }),
 * })
 * ```
 */
export const defineApplier = <Slice>(
  applier: Omit<CompensatingApplier<Slice>, 'kind'>,
): InlineCompensatingApplier<Slice> =>
  ({ ...applier, kind: 'compensating' }) satisfies CompensatingApplier<Slice> as InlineCompensatingApplier<Slice>
