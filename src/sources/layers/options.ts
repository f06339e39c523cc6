import type { Source } from '../../api/source.ts'
import { checkCount, invalidOption } from '../../model/option-checks.ts'

/** A layer with a name, or one that may be missing. A source alone is a required layer. */
export interface Layer {
  readonly source: Source
  /** Names the layer in the status, in failures and in `explain`. @default the kind of source; `file-2` for a second one */
  readonly name?: string
  /**
   * True if the config may be made without the layer: while it has no document, or was never read. A document that is
   * broken is refused all the same. @default false
   */
  readonly optional?: boolean
}

/** Options of {@link layers}. */
export interface LayersOptions {
  /**
   * What `null` in a layer means: a value like any other, or that the key is deleted, with what the layers below have there.
   * @default 'keep'
   */
  readonly nulls?: 'keep' | 'delete'
  /**
   * How long changes of several layers are gathered, in milliseconds: 0 to 5,000. What changes within this time becomes one
   * transaction. @default 50
   */
  readonly gatherMs?: number
}

/** A layer with its defaults filled in. */
export type ResolvedLayer = Required<Layer>

/** Checks the layers, and names them. */
export const resolveLayers = (given: readonly (Source | Layer)[]): readonly ResolvedLayer[] => {
  if (!Array.isArray(given) || given.length === 0) {
    throw invalidOption('layers must get an array of sources, the lowest layer first')
  }
  const named = given.map((layer: Source | Layer) => {
    const entry: Layer = isSource(layer) ? { source: layer } : layer
    checkLayer(entry)
    return entry
  })
  const names = new Set(named.flatMap(({ name }) => name ?? []))
  const sources = new Set(named.map(({ source }) => source))
  if (sources.size < named.length) throw invalidOption('layers: a source must not be in two layers')
  if (names.size < named.filter(({ name }) => name !== undefined).length) {
    throw invalidOption('layers: two layers must not have the same name')
  }
  return named.map(({ source, name, optional = false }) => {
    const own = name ?? freeName(source.name, names)
    names.add(own)
    return { source, name: own, optional }
  })
}

export const resolveLayersOptions = (options: LayersOptions): Required<LayersOptions> => {
  const { nulls = 'keep', gatherMs = 50, ...rest } = options
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalidOption(`layers has no option ${unknown}`)
  if (nulls !== 'keep' && nulls !== 'delete') throw invalidOption("layers: nulls must be 'keep' or 'delete'")
  return { nulls, gatherMs: checkCount('layers: gatherMs', gatherMs, 0, 5_000) }
}

const isSource = (value: Source | Layer): value is Source =>
  typeof value === 'object' && value !== null && 'read' in value && 'watch' in value

const MAX_NAME = 60

const checkLayer = ({ source, name, optional, ...rest }: Layer): void => {
  if (source === undefined || !isSource(source)) {
    throw invalidOption('layers: each layer must be a Source, or { source, name, optional }')
  }
  const isName = typeof name === 'string' && name.trim() !== '' && name.length <= MAX_NAME
  if (name !== undefined && !isName) throw invalidOption(`layers: a name must be a text of 1 to ${MAX_NAME} characters`)
  if (optional !== undefined && typeof optional !== 'boolean')
    throw invalidOption('layers: optional must be true or false')
  const [unknown] = Object.keys(rest)
  if (unknown !== undefined) throw invalidOption(`layers: a layer has no ${unknown}`)
}

const freeName = (kind: string, taken: ReadonlySet<string>): string => {
  let name = kind
  for (let number = 2; taken.has(name); number++) name = `${kind}-${number}`
  return name
}
