import type { Path } from './data/not-plain.ts'

/**
 * Decides which parts of a config may be shown. A key is shown if the schema declares it or a public path contains it;
 * a record's key and an unknown key may be user data, and are shown as `*`.
 */
export interface Visibility {
  /** Returns the path as text, masked if needed. */
  readonly show: (path: Path) => string
  /** Returns a key of segments that slashes separate, masked if needed. An empty segment holds no data, and stays. */
  readonly showKey: (segments: readonly string[]) => string
  /** Returns true if the last key of the path may be shown: the schema declares it, or a public path contains it. */
  readonly isDeclared: (path: Path) => boolean
  /** Returns true if the value at the path may be shown: a public path leads to it or to one of its parents. */
  readonly isPublic: (path: Path) => boolean
}

/** Longest path that is shown; deeper segments are cut off. */
const MAX_SEGMENTS = 16

/** Learns the public keys from the paths, and the declared keys from the JSON Schema, if there is one. */
export const createVisibility = (publicPaths: readonly string[], jsonSchema: unknown): Visibility => {
  const root = createKeyNode()
  addDeclaredKeys(root, jsonSchema)
  for (const path of publicPaths) addPublicPath(root, path)
  return {
    show: (path) => showPath(root, path),
    showKey: (segments) => {
      const shown = showSegments(root, segments.filter((segment) => segment !== '').slice(0, MAX_SEGMENTS))[
        Symbol.iterator
      ]()
      const text = segments.slice(0, MAX_SEGMENTS).map((segment) => (segment === '' ? '' : shown.next().value))
      return segments.length > MAX_SEGMENTS ? `${text.join('/')}/…` : text.join('/')
    },
    isDeclared: (path) => showSegments(root, path).at(-1) === String(path.at(-1)),
    isPublic: (path) => {
      let node: KeyNode | undefined = root
      for (const segment of path) {
        if (node?.isPublic === true) return true
        node = childOf(node, segment)
      }
      return node?.isPublic === true
    },
  }
}

interface KeyNode {
  readonly children: Map<string, KeyNode>
  /** What lies below keys that are not declared: a record's values, an array's items. */
  rest: KeyNode | undefined
  isPublic: boolean
}

const createKeyNode = (): KeyNode => ({ children: new Map(), rest: undefined, isPublic: false })

const childOf = (node: KeyNode | undefined, segment: string | number): KeyNode | undefined =>
  node?.children.get(String(segment)) ?? node?.rest

/** Returns the child for a declared key, which is added if it is missing. */
const addChild = (node: KeyNode, key: string): KeyNode => {
  const child = node.children.get(key) ?? createKeyNode()
  node.children.set(key, child)
  return child
}

/** Returns the child for all keys that are not declared, which is added if it is missing. */
const addRest = (node: KeyNode): KeyNode => {
  node.rest ??= createKeyNode()
  return node.rest
}

const showPath = (root: KeyNode, path: Path): string => {
  if (path.length === 0) return '(root)'
  const shown = showSegments(root, path.slice(0, MAX_SEGMENTS)).join('.')
  return path.length > MAX_SEGMENTS ? `${shown}.…` : shown
}

const showSegments = (root: KeyNode, path: Path): readonly string[] => {
  let node: KeyNode | undefined = root
  return path.map((segment) => {
    const isDeclared = node?.children.has(String(segment)) === true
    const isBelowPublic: boolean = node?.isPublic === true
    // Everything below a public path is public, so the walk stays at its node.
    node = isBelowPublic ? node : childOf(node, segment)
    return typeof segment === 'number' || isDeclared || isBelowPublic ? String(segment) : '*'
  })
}

const addPublicPath = (root: KeyNode, path: string): void => {
  let node = root
  for (const segment of path.split('.')) node = segment === '*' ? addRest(node) : addChild(node, segment)
  node.isPublic = true
}

/** Schema nodes that are visited; the keys of further ones stay masked. */
const MAX_NODES = 10_000

type JsonSchema = Readonly<Record<string, unknown>>

const addDeclaredKeys = (top: KeyNode, jsonSchema: unknown): void => {
  let left = MAX_NODES
  // Breadth first: a schema that refers to itself spends the limit on deep levels and not on one branch.
  const queue: [KeyNode, unknown, number][] = [[top, jsonSchema, 0]]
  for (const [node, schema, depth] of queue) {
    if (depth > MAX_SEGMENTS || typeof schema !== 'object' || schema === null || left <= 0) continue
    left -= 1
    const { $ref, properties, additionalProperties, items, prefixItems, anyOf, oneOf, allOf } = schema as JsonSchema
    if (typeof $ref === 'string') queue.push([node, resolveRef($ref, jsonSchema), depth + 1])
    for (const branch of [anyOf, oneOf, allOf].flatMap(listOf)) queue.push([node, branch, depth + 1])
    for (const [key, child] of Object.entries((properties as object | undefined) ?? {})) {
      queue.push([addChild(node, key), child, depth + 1])
    }
    for (const child of [additionalProperties, items, ...listOf(prefixItems)]) {
      if (typeof child === 'object' && child !== null) queue.push([addRest(node), child, depth + 1])
    }
  }
}

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const resolveRef = (ref: string, root: unknown): unknown =>
  ref
    .split('/')
    .slice(1)
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root)
