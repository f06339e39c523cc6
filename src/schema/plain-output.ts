import { asJsonSchema, type JsonSchema, listOf, resolveRef } from '../model/json-schema.ts'

/** A part of a schema's output that is no plain data. `*` stands for any key and any index. */
export interface NotPlainOutput {
  readonly path: readonly string[]
  /** In words: `a Date`. */
  readonly kind: string
}

const notPlainKinds: Readonly<Record<string, string>> = {
  date: 'a Date',
  map: 'a Map',
  set: 'a Set',
  weakmap: 'a WeakMap',
  weakset: 'a WeakSet',
  file: 'a File',
  blob: 'a Blob',
  function: 'a function',
  symbol: 'a symbol',
  promise: 'a promise',
  regexp: 'a RegExp',
  nan: 'NaN',
}

const MAX_DEPTH = 24
const MAX_PARTS = 5_000

/**
 * Finds the first part that a schema returns as something else than plain data. A union counts if it has no plain branch:
 * which one a document takes is not known before.
 */
export const findNotPlain = (output: JsonSchema | undefined): NotPlainOutput | undefined => {
  if (output === undefined) return undefined
  let parts = 0
  const visit = (node: JsonSchema | undefined, path: readonly string[]): NotPlainOutput | undefined => {
    if (node === undefined) return undefined
    parts += 1
    if (path.length > MAX_DEPTH || parts > MAX_PARTS) return undefined
    const kind = node['x-kind']
    if (typeof kind === 'string' && Object.hasOwn(notPlainKinds, kind)) return { path, kind: notPlainKinds[kind] ?? '' }
    const branches = [...listOf(node.anyOf), ...listOf(node.oneOf)].map(asJsonSchema)
    const plain = branches.filter((branch) => branch?.type !== 'null')
    const found = plain.map((branch) => visit(branch, path))
    if (found.length > 0 && !found.includes(undefined)) return found[0]
    return first(childrenOf(node, output), ([segment, child]) =>
      visit(child, segment === undefined ? path : [...path, segment]),
    )
  }
  return visit(output, [])
}

type Child = readonly [segment: string | undefined, node: JsonSchema | undefined]

const childrenOf = (node: JsonSchema, root: JsonSchema): readonly Child[] => [
  ...Object.entries(asJsonSchema(node.properties) ?? {}).map(([key, child]): Child => [key, asJsonSchema(child)]),
  ...[node.additionalProperties, node.items, ...listOf(node.prefixItems)].map(
    (child): Child => ['*', asJsonSchema(child)],
  ),
  ...listOf(node.allOf).map((child): Child => [undefined, asJsonSchema(child)]),
  // A reference to the root repeats what is visited already.
  ...(typeof node.$ref === 'string' && node.$ref !== '#'
    ? [[undefined, asJsonSchema(resolveRef(node.$ref, root))] as const]
    : []),
]

const first = <T, R>(items: readonly T[], find: (item: T) => R | undefined): R | undefined => {
  for (const item of items) {
    const found = find(item)
    if (found !== undefined) return found
  }
  return undefined
}
