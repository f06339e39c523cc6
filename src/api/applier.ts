import type { Clock } from './clock.ts'

/** What a prepare is told besides the slice. */
export interface PrepareContext<Slice, Needs extends object = object> {
  /** The module's name. */
  readonly module: string
  /** The slice that serves now; absent when the module is opened for the first time or was switched off. */
  readonly previous?: Slice
  /** The instances asked for with `needs`: the staged one where that module changes too, else the serving one. */
  readonly needs: Needs
  /** Aborts at the deadline, or when the transaction is given up. Stop what you do; what you return is then closed. */
  readonly signal: AbortSignal
  /** The reloader's clock: use it instead of global timers, and your applier runs in simulations. */
  readonly clock: Clock
  /**
   * Registers a clean-up for a prepare that throws, rejects or returns no generation: run in reverse order, each once.
   * A prepare that returns its generation hands all clean-up over to `close`.
   */
  readonly defer: (cleanup: () => unknown) => void
  /** True while the generation that this prepare makes is the one that serves; for timers that outlive the swap. */
  readonly isServing: () => boolean
  /** Reports an error of this module's background work (a timer's task): logged and counted, it changes nothing. */
  readonly report: (error: unknown) => void
}

/** One prepared instance of a module: served or not, and closed exactly once. */
export interface Generation<Instance> {
  /** What `reloader.modules.name.current` becomes at the commit. */
  readonly instance: Instance
  /** The side effect of the swap (`logger.level = next`): synchronous, and it should not fail. */
  readonly commit?: () => undefined
  /** The exact inverse of `commit`: synchronous, no I/O, and it tolerates a commit that threw half-way. */
  readonly rollback?: () => undefined
  /** Health, asked during the soak: rejects when this generation must not stay. */
  readonly check?: (signal: AbortSignal) => Promise<void>
  /** Drains and releases. Called exactly once: never served, replaced after the soak, or at `reloader.close()`. */
  readonly close?: () => Promise<void>
}

/** Knows how to make a module's next generation from a slice; it never sees the whole config. */
export interface Applier<Slice, Instance = undefined, Needs extends object = object> {
  readonly kind?: 'generation'
  readonly prepare: (
    next: Slice,
    context: PrepareContext<Slice, Needs>,
  ) => Promise<Generation<Instance>> | Generation<Instance>
}

/** What a compensating module's `apply` is told. */
export interface ApplyContext {
  readonly module: string
  /** `forward` applies what was just committed; `back` undoes it. */
  readonly direction: 'forward' | 'back'
  readonly signal: AbortSignal
  readonly clock: Clock
}

/**
 * The form for what has no generations: `apply` changes something in place, after the commit, and its undo is another
 * apply (`next` and `previous` exchanged), which can fail.
 */
export interface CompensatingApplier<Slice> {
  readonly kind: 'compensating'
  readonly apply: (next: Slice, previous: Slice | undefined, context: ApplyContext) => Promise<void> | void
  /** Releases; called when the module is switched off, when its very first apply is undone, and at `reloader.close()`. */
  readonly close?: () => Promise<void> | void
}

/**
 * Makes a compensating applier. Prefer generations wherever the old thing can live beside the new one: they can always
 * be swapped back.
 */
export const defineApplier = <Slice>(
  applier: Omit<CompensatingApplier<Slice>, 'kind'>,
): CompensatingApplier<Slice> => ({ ...applier, kind: 'compensating' })
