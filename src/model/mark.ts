// Hands back what it is given, so that the fields of a class that extends it land on that.
class Given {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: this is what it is for
    return value
  }
}

/** A set of objects that only grows and can be asked nothing else. */
export interface Mark {
  /** The object must be extensible, and is added once. */
  readonly add: (value: object) => void
  readonly has: (value: object) => boolean
}

/**
 * Marks objects by a private field, which nobody can see, copy or take away. As a WeakSet, but that one costs about a
 * microsecond for each object, and the garbage collector some work for as long as they live.
 */
export const createMark = (): Mark => {
  class Marked extends Given {
    readonly #isMarked = true

    static has(value: object): boolean {
      return #isMarked in value
    }
  }
  return {
    add: (value) => void new Marked(value),
    has: Marked.has,
  }
}
