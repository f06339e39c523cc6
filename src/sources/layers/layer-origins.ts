import type { FindOrigins, Origin } from '../../api/source.ts'
import type { Path } from '../../model/data/not-plain.ts'
import type { LayerDocument } from './layer-reading.ts'
import { valueAt } from '../../model/data/value-at.ts'
import { isObject, type Nulls } from './merge.ts'
import { parsedLayer } from './parsed-layer.ts'

/** Finds a value in the layers: the highest that has it comes first. */
export const layerOrigins =
  (layers: readonly LayerDocument[], nulls: Nulls): FindOrigins =>
  (path) => {
    const found: Origin[] = []
    let isHidden = false
    for (const layer of layers.toReversed()) {
      const parsed = parsedLayer(layer.result)
      const holding = parsed.kind === 'parsed' ? holdingAt(parsed.value, path, nulls) : undefined
      if (holding === undefined) continue
      found.push(...originsIn(layer, path, { ...holding, text: parsed.text ?? '', isHidden }))
      // Objects are merged, so one hides nothing of another.
      isHidden ||= holding.kind !== 'holds' || !isObject(holding.value)
    }
    return found
  }

type Place = Holding & { readonly text: string; readonly isHidden: boolean }

const originsIn = (layer: LayerDocument, path: Path, holding: Place): readonly Origin[] => {
  if (holding.kind === 'blocks') return []
  const about = holding.kind === 'deletes' ? { deletes: true } : { value: holding.value }
  const places = placesOf(layer, path, holding.text)
  return places.map((place) => ({ ...about, ...place, isHidden: holding.isHidden || place.isHidden === true }))
}

type Holding =
  | { readonly kind: 'holds'; readonly value: unknown }
  /** The key is null, and so deleted: it, or one above it. */
  | { readonly kind: 'deletes' }
  /** An array or a scalar lies on the way, and has nothing at the path: what is below it does not count. */
  | { readonly kind: 'blocks' }

const holdingAt = (root: unknown, path: Path, nulls: Nulls): Holding | undefined => {
  let value = root
  for (const key of path) {
    if (value === null) return { kind: 'blocks' }
    const member = valueAt(value, [key])
    if (member === undefined) return isObject(value) ? undefined : { kind: 'blocks' }
    // A null in an array is an item like any other.
    if (member === null && isObject(value) && nulls === 'delete') return { kind: 'deletes' }
    value = member
  }
  return { kind: 'holds', value }
}

/** Where the layer's own source has the value. A source that cannot say is named with its revision. */
const placesOf = ({ name, kind, result }: LayerDocument, path: Path, text: string): readonly Origin[] => {
  const places = originsOf(result.origins, path, text)
  if (places.length === 0) return [{ kind, at: result.revision.name, layer: name }]
  return places.map((place) => ({ ...place, layer: place.layer === undefined ? name : `${name}/${place.layer}` }))
}

/** A source's function may throw. */
const originsOf = (find: FindOrigins | undefined, path: Path, text: string): readonly Origin[] => {
  try {
    return find?.(path, text) ?? []
  } catch {
    return []
  }
}
