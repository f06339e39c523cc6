import type { Path } from '../data/not-plain.ts'
import type { Visibility } from '../visibility.ts'

/** More places than this hide everything. */
const MAX_PLACES = 10_000

/**
 * The paths at which secrets stand or have stood. Values there are never shown, even below a public path, and neither is an
 * object that contains one.
 */
export class HiddenPlaces {
  readonly #places = new Set<string>()
  /** All parents of the places. */
  readonly #parents = new Set<string>()

  add(path: Path): void {
    const key = keyOf(path)
    if (this.#places.has(key) || this.#places.size > MAX_PLACES) return
    this.#places.add(key)
    for (let length = 0; length < path.length; length++) this.#parents.add(keyOf(path.slice(0, length)))
  }

  /** True if a secret stands at the path, above it or below it. */
  touches(path: Path): boolean {
    if (this.#places.size === 0) return false
    if (this.#places.size > MAX_PLACES || this.#parents.has(keyOf(path))) return true
    return path.some((_, index) => this.#places.has(keyOf(path.slice(0, index)))) || this.#places.has(keyOf(path))
  }
}

/** Takes what is hidden from what may be shown. */
export const hiding = (visibility: Visibility, hidden: HiddenPlaces): Visibility => ({
  ...visibility,
  isPublic: (path) => visibility.isPublic(path) && !hidden.touches(path),
})

/** An index of a list and the same digits as a key are one place here: that hides more, never less. */
const keyOf = (path: Path): string => JSON.stringify(path.map(String))
