import { keepData } from '../../api/internal/document-data.ts'
import type { ReadResult } from '../../api/source.ts'
import { hashOf } from '../../model/data/digest.ts'
import { composedRevision } from './composed-revision.ts'
import { layerOrigins } from './layer-origins.ts'
import type { LayerDocument, LayerReading } from './layer-reading.ts'
import { mergeLayers, type Nulls } from './merge.ts'
import { brokenLayer, parsedLayer } from './parsed-layer.ts'

/** Makes one result of the layers. A required layer without a document, or a broken one, decides. */
export const composeLayers = (layers: readonly LayerReading[], nulls: Nulls): ReadResult => {
  const revision = composedRevision(
    layers.map(({ kind, result }) => ({ kind, revision: result?.revision })),
    nulls,
  )
  const malformed = layers.find(({ result }) => result?.kind === 'malformed')
  if (malformed?.result?.kind === 'malformed') {
    const { warning: _, ...rest } = malformed.result
    return { ...rest, revision, layers: namesOf(malformed) }
  }
  const documents = layers.filter((layer): layer is LayerDocument => layer.result?.kind === 'document')
  const missing = layers.find(({ result, isOptional }) => result?.kind === 'missing' && !isOptional)
  if (missing !== undefined) return { kind: 'missing', revision, layers: [missing.name] }
  const [only, other] = documents
  if (only === undefined) return { kind: 'missing', revision }
  const fingerprint = fingerprintOf(documents)
  const about = { kind: 'document', revision, ...(fingerprint === undefined ? {} : { fingerprint }) } as const
  const origins = layerOrigins(documents, nulls)
  // A document alone stays as it is written: there is nothing to merge.
  if (other === undefined && nulls === 'keep') return { ...about, content: only.result.content, origins }
  const values: unknown[] = []
  let hasInexactString = false
  for (const layer of documents) {
    const parsed = parsedLayer(layer.result)
    if (parsed.kind === 'malformed') return { ...brokenLayer(parsed, layer.name, { revision }), layers: namesOf(layer) }
    values.push(parsed.value)
    hasInexactString ||= parsed.hasInexactString ?? true
  }
  const merged = mergeLayers(values, nulls)
  if (merged.kind === 'merged') {
    const { value } = merged
    const document = { ...about, content: JSON.stringify(value), origins }
    keepData(document, { value, hasInexactString })
    return document
  }
  const { path, lower, upper } = merged
  const names = [lower, upper].flatMap((index) => documents[index]?.name ?? [])
  return { kind: 'malformed', revision, code: 'document.layer-clash', place: { path }, layers: names }
}

/** The names of a layer that has layers itself lead to the one at fault. */
const namesOf = ({ name, result }: LayerReading): readonly string[] =>
  result?.layers === undefined ? [name] : result.layers.map((inner) => `${name}/${inner}`)

/** Changes with what any document refers to; undefined if none refers to anything. */
const fingerprintOf = (documents: readonly LayerDocument[]): string | undefined => {
  const all = documents.map(({ name, result }) => (result.fingerprint === undefined ? [] : [name, result.fingerprint]))
  return all.some((each) => each.length > 0) ? hashOf(JSON.stringify(all)) : undefined
}
