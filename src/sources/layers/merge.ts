import type { Path } from '../../model/data/not-plain.ts'
import { valueAt } from '../../model/data/value-at.ts'

/** What `null` in a layer means. */
export type Nulls = 'keep' | 'delete'

/** The layers as one value, or where two of them have something that cannot be merged. */
export type Merged =
  | { readonly kind: 'merged'; readonly value: unknown }
  /** `lower` and `upper` are places in the array of layers. */
  | { readonly kind: 'clash'; readonly path: Path; readonly lower: number; readonly upper: number }

/**
 * Merges layers of plain data, the lowest first:
 *
 * 1. Two objects are merged key by key, at every depth. The keys of the lower one come first.
 * 2. Anything else is replaced as a whole: arrays too.
 * 3. An object above a scalar or an array, or the other way round, is a clash. `null` clashes with nothing.
 * 4. A reference to a secret, `{ "$secret": … }`, counts as a scalar: it stands for a text.
 * 5. With `nulls: 'delete'`, a key whose value is `null` is deleted, with what the layers below have there. Items of arrays stay.
 */
export const mergeLayers = (layers: readonly unknown[], nulls: Nulls): Merged => {
  const merger = new Merger(nulls === 'delete')
  let value: unknown = merger.cleaned(layers[0])
  for (const [upper, layer] of layers.entries()) {
    if (upper === 0) continue
    value = merger.merge(value, layer)
    const { clash } = merger
    if (clash !== undefined) return { kind: 'clash', path: clash, lower: holderOf(layers, upper, clash), upper }
  }
  return { kind: 'merged', value }
}

type Members = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !Object.hasOwn(value, '$secret')

class Merger {
  readonly #deletes: boolean
  readonly #path: string[] = []
  /** Where two layers clash. */
  clash: Path | undefined

  constructor(deletes: boolean) {
    this.#deletes = deletes
  }

  merge(lower: unknown, upper: unknown): unknown {
    if (isObject(lower) && isObject(upper)) return this.#mergeObjects(lower, upper)
    if (isObject(lower) !== isObject(upper) && lower !== null && upper !== null) this.clash ??= [...this.#path]
    return this.cleaned(upper)
  }

  #mergeObjects(lower: Members, upper: Members): Members {
    const merged: Record<string, unknown> = { ...lower }
    for (const key of Object.keys(upper)) {
      const value = upper[key]
      if (value === null && this.#deletes) {
        delete merged[key]
        continue
      }
      this.#path.push(key)
      merged[key] = Object.hasOwn(lower, key) ? this.merge(lower[key], value) : this.cleaned(value)
      this.#path.pop()
    }
    return merged
  }

  /** A value without the keys that it deletes. It is the same value if it deletes none. */
  cleaned(value: unknown): unknown {
    if (!this.#deletes || !isObject(value)) return value
    const members = Object.entries(value).map(([key, member]) => [key, this.cleaned(member)] as const)
    const isClean = members.every(([key, member]) => member === value[key] && member !== null)
    return isClean ? value : Object.fromEntries(members.filter(([, member]) => member !== null))
  }
}

/** Returns the layer next below `upper` that has something at the path. */
const holderOf = (layers: readonly unknown[], upper: number, path: Path): number => {
  const below = layers.slice(0, upper)
  return below.findLastIndex((layer) => {
    const value = valueAt(layer, path)
    return value !== undefined && value !== null
  })
}
