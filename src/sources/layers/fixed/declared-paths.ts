import { asJsonSchema, type JsonSchema, listOf, resolveRef } from '../../../model/json-schema.ts'
import { propertiesOf } from '../../../schema/find-rules.ts'

/** Where the segments of a variable's name lead. */
export type Found =
  | { readonly kind: 'found'; readonly path: readonly string[]; readonly nodes: readonly JsonSchema[] }
  | { readonly kind: 'none' }
  | { readonly kind: 'several'; readonly paths: readonly string[] }

/** Finds the path that the schema declares for the segments of a name. Case and single underscores do not count. */
export const findPath = (segments: readonly string[], schema: JsonSchema): Found => {
  let nodes = concreteNodes([schema], schema)
  const path: string[] = []
  for (const segment of segments) {
    const keys = segment === '' ? [] : keysOf(segment, nodes)
    const [key] = keys
    if (key === undefined) return { kind: 'none' }
    if (keys.length > 1) return { kind: 'several', paths: keys.map((each) => [...path, each].join('.')) }
    nodes = concreteNodes(childrenOf(nodes, key), schema)
    path.push(key)
  }
  return { kind: 'found', path, nodes }
}

const MAX_NODES = 500

/** Resolves references, intersections and unions into the parts of a schema that say something themselves. */
const concreteNodes = (start: readonly JsonSchema[], root: JsonSchema): readonly JsonSchema[] => {
  const found: JsonSchema[] = []
  const queue = [...start]
  for (let count = 0; count < MAX_NODES; count++) {
    const node = queue.shift()
    if (node === undefined) break
    const { $ref, anyOf, oneOf, allOf } = node
    const target = typeof $ref === 'string' ? asJsonSchema(resolveRef($ref, root)) : undefined
    const parts = [target, ...[anyOf, oneOf, allOf].flatMap(listOf).map(asJsonSchema)].filter(
      (each) => each !== undefined,
    )
    queue.push(...parts)
    const isOnlyParts = parts.length > 0 && node.type === undefined && node.properties === undefined
    if (!isOnlyParts) found.push(node)
  }
  return found
}

/** The keys that a segment may mean: declared ones first, else the key of a record. */
const keysOf = (segment: string, nodes: readonly JsonSchema[]): readonly string[] => {
  const declared = [...new Set(nodes.flatMap(namesOf))]
  if (declared.includes(segment)) return [segment]
  const asWritten = declared.filter((key) => key.replaceAll('-', '_').toLowerCase() === segment.toLowerCase())
  if (asWritten.length === 1) return asWritten
  const same = declared.filter((key) => plain(key) === plain(segment))
  if (same.length > 0) return same
  const key = segment === segment.toUpperCase() ? segment.toLowerCase() : segment
  return nodes.some((node) => restOf(node) !== undefined) && key !== '__proto__' ? [key] : []
}

const plain = (name: string): string => name.replace(/[-_]/g, '').toLowerCase()

/** The keys that a part of the schema names. */
const namesOf = (node: JsonSchema): readonly string[] => [
  ...Object.keys(propertiesOf(node)),
  ...listOf(asJsonSchema(node.propertyNames)?.enum).filter((key) => typeof key === 'string'),
]

/** What the schema has below keys that it does not name; undefined if it names all that are meant. */
const restOf = (node: JsonSchema): JsonSchema | undefined => {
  const { type, additionalProperties, patternProperties, propertyNames } = node
  if (asJsonSchema(propertyNames)?.enum !== undefined) return undefined
  const patterns: readonly unknown[] = Object.values(asJsonSchema(patternProperties) ?? {})
  const pattern = asJsonSchema(patterns[0])
  if (pattern !== undefined) return pattern
  const rest = asJsonSchema(additionalProperties)
  const isTyped = rest !== undefined && Object.keys(rest).length > 0
  if (isTyped) return rest
  const isOpen = type === undefined ? Object.keys(node).every((keyword) => keyword.startsWith('$')) : type === 'object'
  const hasNames = Object.keys(propertiesOf(node)).length > 0
  return isOpen && !hasNames && additionalProperties !== false ? {} : undefined
}

const childrenOf = (nodes: readonly JsonSchema[], key: string): readonly JsonSchema[] =>
  nodes.flatMap((node): readonly JsonSchema[] => {
    const properties = propertiesOf(node)
    if (Object.hasOwn(properties, key)) return [asJsonSchema(properties[key]) ?? {}]
    if (namesOf(node).includes(key)) return [asJsonSchema(node.additionalProperties) ?? {}]
    const rest = restOf(node)
    return rest === undefined ? [] : [rest]
  })

const MAX_PATHS = 2_000
const MAX_DEPTH = 8

/** Lists the paths that the schema declares, to name the one that was meant. */
export const declaredPaths = (schema: JsonSchema): readonly (readonly string[])[] => {
  const paths: (readonly string[])[] = []
  const queue: (readonly [readonly JsonSchema[], readonly string[]])[] = [[[schema], []]]
  for (const [start, path] of queue) {
    if (paths.length > MAX_PATHS || path.length >= MAX_DEPTH) break
    const nodes = concreteNodes(start, schema)
    for (const key of new Set(nodes.flatMap(namesOf))) {
      paths.push([...path, key])
      queue.push([childrenOf(nodes, key), [...path, key]])
    }
  }
  return paths
}
