import { memberOf } from './data/value-at.ts'
import type { Path } from './data/not-plain.ts'
import { asJsonSchema, CUT, type JsonSchema, listOf, resolveRef } from './json-schema.ts'

/**
 * Decides which parts of a config may be shown. A key is shown if the schema declares it or a public path contains it;
 * where the schema says nothing, if the serving config has it. A record's key and an unknown key may be user data, and are
 * shown as `*`.
 */
export interface Visibility {
  /**
   * The parts of which neither the schema nor a public path says which keys they have, so that only the serving config
   * does. Each ends with `*`, which alone stands for the whole.
   */
  readonly hidden: readonly string[]
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

/** Returns the config that serves, if one does. */
type Served = () => unknown

/**
 * Learns the public keys from the paths, and the declared keys from the JSON Schema of what the schema reads and of what it
 * returns, if there is one.
 */
export const createVisibility = (
  publicPaths: readonly string[],
  jsonSchema: unknown,
  served: Served = () => undefined,
  output?: unknown,
): Visibility => {
  const root = createKeyNode()
  addDeclaredKeys(root, jsonSchema)
  addDeclaredKeys(root, output)
  for (const path of publicPaths) addPublicPath(root, path)
  return {
    hidden: findHidden(root),
    show: (path) => showPath(root, path, served),
    showKey: (segments) => {
      const named = segments.filter((segment) => segment !== '').slice(0, MAX_SEGMENTS)
      const shown = showSegments(root, named, served)[Symbol.iterator]()
      const text = segments.slice(0, MAX_SEGMENTS).map((segment) => (segment === '' ? '' : shown.next().value))
      return segments.length > MAX_SEGMENTS ? `${text.join('/')}/…` : text.join('/')
    },
    isDeclared: (path) => showSegments(root, path, served).at(-1) === String(path.at(-1)),
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
  /** True if the schema allows objects or lists here and does not say what is in them. */
  isOpen: boolean
}

const createKeyNode = (): KeyNode => ({ children: new Map(), rest: undefined, isPublic: false, isOpen: false })

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

const showPath = (root: KeyNode, path: Path, served: Served): string => {
  if (path.length === 0) return '(root)'
  const shown = showSegments(root, path.slice(0, MAX_SEGMENTS), served).join('.')
  return path.length > MAX_SEGMENTS ? `${shown}.…` : shown
}

const showSegments = (root: KeyNode, path: Path, served: Served): readonly string[] => {
  let node: KeyNode | undefined = root
  return path.map((segment, index) => {
    const isDeclared = node?.children.has(String(segment)) === true
    const isBelowPublic: boolean = node?.isPublic === true
    const isShown = typeof segment === 'number' || isDeclared || isBelowPublic
    const isServed = !isShown && isOpaque(node) && isServedName(served(), path.slice(0, index), segment)
    // Everything below a public path is public, so the walk stays at its node.
    node = isBelowPublic ? node : childOf(node, segment)
    return isShown || isServed ? String(segment) : '*'
  })
}

/** True for a part of the config of which the schema does not say what it holds. */
const isOpaque = (node: KeyNode | undefined): boolean =>
  node === undefined || (node.children.size === 0 && node.rest === undefined)

const MAX_HIDDEN = 5

const findHidden = (root: KeyNode): readonly string[] => {
  if (isOpaque(root) && !root.isPublic) return ['*']
  const found: string[] = []
  const queue: (readonly [KeyNode, readonly string[]])[] = [[root, []]]
  for (const [node, path] of queue) {
    if (found.length === MAX_HIDDEN || node.isPublic) continue
    if (node.isOpen && isOpaque(node)) found.push([...path, '*'].join('.'))
    for (const [key, child] of node.children) queue.push([child, [...path, key]])
    if (node.rest !== undefined) queue.push([node.rest, [...path, '*']])
  }
  return found
}

const NAME = /^[A-Za-z]+(?:[-_][A-Za-z]+)*$/
const LONGEST_NAME = 32
const MOST_NAMES = 32

/** True for a key of the serving config that is a name. What looks like a record may have keys that are data. */
const isServedName = (config: unknown, path: Path, key: string | number): boolean => {
  if (typeof key !== 'string' || key.length > LONGEST_NAME || !NAME.test(key)) return false
  const container = path.reduce(memberOf, config)
  return typeof container === 'object' && container !== null && Object.hasOwn(container, key) && !isRecord(container)
}

const isRecord = (container: object): boolean => {
  const members: readonly unknown[] = Object.values(container)
  if (members.length > MOST_NAMES) return true
  const shapes = new Set(members.map((member) => (isObject(member) ? Object.keys(member).sort().join() : '')))
  return members.length > 1 && shapes.size === 1 && !shapes.has('')
}

const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const addPublicPath = (root: KeyNode, path: string): void => {
  let node = root
  for (const segment of path.split('.')) node = segment === '*' ? addRest(node) : addChild(node, segment)
  node.isPublic = true
}

/** Schema nodes that are visited; the keys of further ones stay masked. */
const MAX_NODES = 10_000

const addDeclaredKeys = (top: KeyNode, jsonSchema: unknown): void => {
  let left = MAX_NODES
  // Breadth first: a schema that refers to itself spends the limit on deep levels and not on one branch.
  const queue: [KeyNode, unknown, number][] = [[top, jsonSchema, 0]]
  for (const [node, part, depth] of queue) {
    const schema = asJsonSchema(part)
    if (depth > MAX_SEGMENTS || schema === undefined || left <= 0) continue
    left -= 1
    if (isOpenSchema(schema)) node.isOpen = true
    const { $ref, anyOf, oneOf, allOf } = schema
    if (typeof $ref === 'string') queue.push([node, resolveRef($ref, jsonSchema), depth + 1])
    for (const branch of [anyOf, oneOf, allOf].flatMap(listOf)) queue.push([node, branch, depth + 1])
    for (const [key, child] of membersOf(schema)) {
      queue.push([key === undefined ? addRest(node) : addChild(node, key), child, depth + 1])
    }
  }
}

/** The members of a schema, by their keys; without a key what lies below keys that it does not name. */
const membersOf = (schema: JsonSchema): readonly (readonly [key: string | undefined, child: unknown])[] => {
  const { properties, propertyNames, additionalProperties, patternProperties, items, prefixItems } = schema
  const declared = Object.entries(asJsonSchema(properties) ?? {})
  const listed = listOf(asJsonSchema(propertyNames)?.enum).filter((key) => typeof key === 'string')
  const patterns = Object.values(asJsonSchema(patternProperties) ?? {})
  const rest = [additionalProperties, items, ...listOf(prefixItems), ...patterns].filter(
    // What a schema allows beside the keys that it declares is not read.
    (child) => asJsonSchema(child) !== undefined && (declared.length === 0 || !isOpenSchema(child as JsonSchema)),
  )
  return [
    ...declared,
    ...listed.map((key) => [key, additionalProperties] as const),
    ...rest.map((child) => [undefined, child] as const),
  ]
}

const containers = new Set<unknown>([undefined, 'object', 'array'])

const telling = [
  ...['$ref', 'anyOf', 'oneOf', 'allOf', 'not', 'const', 'enum', 'x-kind', CUT],
  ...['properties', 'patternProperties', 'additionalProperties', 'items', 'prefixItems'],
]

/** True if the schema itself allows objects or lists and says nothing of their members. */
const isOpenSchema = (schema: JsonSchema): boolean => {
  if (telling.some((keyword) => schema[keyword] !== undefined && schema[keyword] !== true)) return false
  const types: readonly unknown[] = Array.isArray(schema.type) ? schema.type : [schema.type]
  return types.some((type) => containers.has(type))
}
