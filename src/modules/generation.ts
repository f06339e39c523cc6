import type { Generation } from '../api/applier.ts'

/** One prepared generation and what is known of it. */
export class GenerationRecord {
  readonly module: string
  readonly generation: Generation<unknown>
  /** The slice that it was prepared from. */
  readonly slice: unknown
  /** The generations whose instances it was prepared with. */
  readonly #needed: readonly GenerationRecord[]
  #dependents: Set<GenerationRecord> | undefined
  /** It has passed a soak: its check is not asked again. */
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

  /** Generations prepared with this one's instance that are not closed: they close first. */
  get dependents(): readonly GenerationRecord[] {
    return this.#dependents === undefined ? [] : [...this.#dependents]
  }

  /** It is closed: those that it was prepared with need not wait for it any more. */
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

  /** Resolves when nobody uses it. Called once, when it is retired: nobody new can find it then. */
  unused(): Promise<void> {
    if (this.#uses === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#onUnused = resolve
    })
  }

  /** Closes it exactly once, whoever asks and however often: the first caller's way is taken, all get its promise. */
  closeOnce(close: () => Promise<void>): Promise<void> {
    this.#closing ??= close()
    return this.#closing
  }

  get closing(): Promise<void> | undefined {
    return this.#closing
  }
}
