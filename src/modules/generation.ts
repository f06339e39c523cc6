import type { Generation } from '../api/applier.ts'
import type { Writable } from '../model/data/writable.ts'
import { ReturnsItsArgument } from '../model/data/plain.ts'

/** One prepared generation and what is known of it. */
export class GenerationRecord {
  readonly module: string
  readonly generation: Generation<unknown>
  /** The slice that it was prepared from. */
  readonly slice: unknown
  /** The generations whose instances it was prepared with. */
  readonly #needed: readonly GenerationRecord[]
  #dependents: Set<GenerationRecord> | undefined
  /** True once it has passed a soak: its check is not called again. */
  hasSoaked = false
  #uses = 0
  #onUnused: (() => void) | undefined
  #closing: Promise<void> | undefined

  constructor(
    module: string,
    generation: Generation<unknown>,
    slice: unknown,
    needed: readonly GenerationRecord[] = [],
  ) {
    this.module = module
    this.generation = generation
    this.slice = slice
    this.#needed = needed
    for (const other of needed) {
      other.#dependents ??= new Set()
      other.#dependents.add(this)
    }
  }

  /** The generations prepared with this one's instance that are still open: they close first. */
  get dependents(): readonly GenerationRecord[] {
    return this.#dependents === undefined ? [] : [...this.#dependents]
  }

  /** Tells the generations that it was prepared with that they no longer wait for it. */
  release(): void {
    for (const other of this.#needed) other.#dependents?.delete(this)
  }

  /** Runs `task` while the generation is held: it is not closed before the task ends (bounded by the lease deadline). */
  async use<T>(task: (instance: unknown) => T | Promise<T>): Promise<T> {
    this.#uses += 1
    try {
      return await task(this.generation.instance)
    } finally {
      this.#uses -= 1
      if (this.#uses === 0) this.#onUnused?.()
    }
  }

  get uses(): number {
    return this.#uses
  }

  /** Resolves when it is no longer used. Called once, when it is retired: from then on no new user finds it. */
  unused(): Promise<void> {
    if (this.#uses === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onUnused = resolve
    })
  }

  /** Closes it exactly once: the first caller's way is taken, and every caller gets its promise. */
  closeOnce(close: () => Promise<void>): Promise<void> {
    this.#closing ??= close()
    return this.#closing
  }

  get closing(): Promise<void> | undefined {
    return this.#closing
  }
}

const frozen = new WeakSet<object>()

/**
 * A generation object that has been returned. A second time it would be closed twice, once while it serves. It is branded
 * with a private field, since a WeakSet costs as much as a whole prepare (bench: apply); one that is frozen already may
 * not take a field.
 */
class Taken extends ReturnsItsArgument {
  #brand = true

  static has(value: object): boolean {
    return #brand in value || frozen.has(value)
  }

  static add(value: object): void {
    if (Object.isExtensible(value)) void new Taken(value)
    else frozen.add(value)
  }
}

/**
 * Copies what the user's object has, read once, so that later changes of that object have no effect. Undefined if it is
 * not a generation, or was returned before.
 */
export const generationOf = (value: unknown): Generation<unknown> | undefined => {
  try {
    if (typeof value !== 'object' || value === null || !('instance' in value) || Taken.has(value)) return undefined
    const { instance, commit, rollback, check, close } = value as Generation<unknown>
    if (!isHook(commit) || !isHook(rollback) || !isHook(check) || !isHook(close)) return undefined
    Taken.add(value)
    const generation: Writable<Generation<unknown>> = { instance }
    if (commit) generation.commit = () => commit.call(value)
    if (rollback) generation.rollback = () => rollback.call(value)
    if (check) generation.check = (signal) => check.call(value, signal)
    if (close) generation.close = () => close.call(value)
    return generation
  } catch {
    return undefined // one of its getters threw
  }
}

const isHook = (member: unknown): boolean => member === undefined || typeof member === 'function'
