import type { Path } from './not-plain.ts'

/**
 * Which names of a config may be shown. A key is shown where the schema declares it or a public path names it; a
 * record's key or an unknown one may be somebody's data, and becomes `*`.
 */
export interface Visibility {
  /** The path for people, masked where needed. */
  readonly show: (path: Path) => string
  /** True where the value at the path may be shown: a public path leads to it or to something above it. */
  readonly isPublic: (path: Path) => boolean
}

interface Node {
  readonly children: Map<string, Node>
  /** What lies below keys that are not declared: a record's values, an array's items. */
  rest: Node | undefined
  isPublic: boolean
}

const node = (): Node => ({ children: new Map(), rest: undefined, isPublic: false })

/** Longest path that is shown; what lies deeper is cut. */
const MAX_SEGMENTS = 16

export const createVisibility = (publicPaths: readonly string[], jsonSchema: unknown): Visibility => {
  const root = node()
  learn(root, jsonSchema)
  for (const path of publicPaths) markPublic(root, path)
  return {
    show: (path) => showPath(root, path),
    isPublic: (path) => {
      let here: Node | undefined = root
      for (const segment of path) {
        if (here?.isPublic === true) return true
        here = next(here, segment)
      }
      return here?.isPublic === true
    },
  }
}

const next = (here: Node | undefined, segment: string | number): Node | undefined =>
  here?.children.get(String(segment)) ?? here?.rest

const showPath = (root: Node, path: Path): string => {
  if (path.length === 0) return '(root)'
  let here: Node | undefined = root
  let shown = ''
  for (const segment of path.slice(0, MAX_SEGMENTS)) {
    const isDeclared = here?.children.has(String(segment)) === true
    const within: boolean = here?.isPublic === true
    const text = typeof segment === 'number' || isDeclared || within ? String(segment) : '*'
    shown += shown === '' ? text : `.${text}`
    // Below a public path all is public, so the walk stays there.
    here = within ? here : next(here, segment)
  }
  return path.length > MAX_SEGMENTS ? `${shown}.…` : shown
}

const markPublic = (root: Node, path: string): void => {
  let here = root
  for (const segment of path.split('.')) {
    if (segment === '*') {
      here.rest ??= node()
      here = here.rest
    } else {
      const child = here.children.get(segment) ?? node()
      here.children.set(segment, child)
      here = child
    }
  }
  here.isPublic = true
}

/** Schema nodes that are looked at; what a schema declares beyond stays masked. */
const MAX_NODES = 10_000

/** Learns the declared keys from a JSON Schema; all else of it is of no interest here. */
const learn = (top: Node, root: unknown): void => {
  let left = MAX_NODES
  // Breadth first, so that a schema which refers to itself uses its share up on deep levels, not on one branch.
  const queue: [Node, unknown, number][] = [[top, root, 0]]
  for (const [here, schema, depth] of queue) {
    if (depth > MAX_SEGMENTS || typeof schema !== 'object' || schema === null || left <= 0) continue
    left -= 1
    const { $ref, properties, additionalProperties, items, prefixItems, anyOf, oneOf, allOf } = schema as JsonSchema
    if (typeof $ref === 'string') queue.push([here, resolve($ref, root), depth + 1])
    for (const branch of [anyOf, oneOf, allOf].flatMap(listOf)) queue.push([here, branch, depth + 1])
    for (const [key, child] of Object.entries((properties as object | undefined) ?? {})) {
      const known = here.children.get(key) ?? node()
      here.children.set(key, known)
      queue.push([known, child, depth + 1])
    }
    for (const child of [additionalProperties, items, ...listOf(prefixItems)]) {
      if (typeof child !== 'object' || child === null) continue
      here.rest ??= node()
      queue.push([here.rest, child, depth + 1])
    }
  }
}

type JsonSchema = Readonly<Record<string, unknown>>

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

const resolve = (ref: string, root: unknown): unknown =>
  ref
    .split('/')
    .slice(1)
    .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], root)
