import { memberOf } from '../model/data/value-at.ts'
import { asJsonSchema, type JsonSchema } from '../model/json-schema.ts'
import { kindOf, type Path } from '../model/data/not-plain.ts'
import type { ValueKind } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'
import { describe } from './describe.ts'
import { findRules, keysOf, kindAt, propertiesOf, type Rules } from './find-rules.ts'
import { nearName } from '../model/data/near-name.ts'
import type { ReadIssue } from './read-issue.ts'
import type { SchemaShape } from './schema-shape.ts'

/** Where a document breaks a rule, and the rule. Nothing in it comes from a value. */
export interface Explanation {
  readonly path: string
  /** Absent if the schema has taken the value apart itself. */
  readonly kind?: ValueKind
  readonly detail?: string
}

const MAX_KEYS = 8

/** Explains an issue by what the schema says of its place. */
export const explainIssue = (
  read: ReadIssue,
  input: unknown,
  shape: SchemaShape,
  visibility: Visibility,
): readonly Explanation[] => {
  const root = shape.input
  const placed = root === undefined ? read : withoutSurplus(read, input, root)
  const { path, unknownKeys } = placed
  const unknown = unknownKeys.length > 0 ? { parent: path, keys: unknownKeys } : unknownKeyOf(placed, input, root)
  if (unknown !== undefined) {
    const { parent, keys } = unknown
    const found = { path: visibility.show(parent), ...kindAt(input, parent) }
    return keys.slice(0, MAX_KEYS).map((key) => ({ ...found, detail: explainKey(key, parent, input, root) }))
  }
  const detail = root === undefined ? undefined : ruleText(placed, input, shape, root)
  const text = detail ?? read.code
  return [
    {
      path: visibility.show(path),
      ...kindAt(input, path),
      ...(text === undefined ? {} : { detail: text }),
    },
  ]
}

const valueAt = (input: unknown, path: Path): unknown => path.reduce<unknown>(memberOf, input)

/** valibot names the first item that is too much for a tuple; the rule is that of the tuple. */
const withoutSurplus = (read: ReadIssue, input: unknown, root: JsonSchema): ReadIssue => {
  const index = read.path.at(-1)
  if (typeof index !== 'number') return read
  const parent = read.path.slice(0, -1)
  const { nodes } = findRules(root, input, parent)
  const isSurplus = (node: JsonSchema): boolean =>
    Array.isArray(node.prefixItems) && index >= node.prefixItems.length && asJsonSchema(node.items) === undefined
  return nodes.length > 0 && nodes.every(isSurplus) ? { ...read, path: parent } : read
}

/** valibot and arktype put an unknown key at the end of the path. */
const unknownKeyOf = ({ path }: ReadIssue, input: unknown, root: JsonSchema | undefined) => {
  const key = path.at(-1)
  if (root === undefined || typeof key !== 'string') return undefined
  const parent = path.slice(0, -1)
  const { nodes } = findRules(root, input, parent)
  const isStrict = nodes.length > 0 && nodes.every((node) => node.additionalProperties === false)
  const isDeclared = nodes.some((node) => Object.hasOwn(propertiesOf(node), key))
  const container = valueAt(input, parent)
  const isOwn = typeof container === 'object' && container !== null && Object.hasOwn(container, key)
  return isStrict && isOwn && !isDeclared ? { parent, keys: [key] } : undefined
}

/** Names an unknown key if it is a misspelt or misplaced name; any other may be data, so its position says which it is. */
const explainKey = (key: string, parent: Path, input: unknown, root: JsonSchema | undefined): string => {
  const { nodes, branches } = root === undefined ? noRules : findRules(root, input, parent)
  const declared = [...new Set(nodes.flatMap(keysOf))]
  const suffix = branchText(branches)
  const near = nearName(key, declared)
  if (near !== undefined) return `unknown key "${key}", did you mean "${near}"?${suffix}`
  const elsewhere = root === undefined ? undefined : placeOf(key, root)
  if (elsewhere !== undefined) return `unknown key "${key}", which belongs to ${elsewhere}${suffix}`
  const container = valueAt(input, parent)
  const keys = typeof container === 'object' && container !== null ? Object.keys(container) : []
  const shown = declared.slice(0, MAX_KEYS).join(', ')
  const known = declared.length === 0 ? '' : `; known are ${shown}${declared.length > MAX_KEYS ? ', …' : ''}`
  return `unknown key, number ${keys.indexOf(key) + 1} of ${keys.length}${known}${suffix}`
}

const noRules: Rules = { nodes: [], branches: [] }

const MAX_VISITS = 1_000

/** Returns the path at which the schema declares this name, nearest to the root. */
const placeOf = (key: string, root: JsonSchema): string | undefined => {
  const queue: (readonly [JsonSchema, readonly string[]])[] = [[root, []]]
  for (const [node, path] of queue) {
    if (queue.length > MAX_VISITS) return undefined
    const members = Object.entries(propertiesOf(node))
    if (members.some(([name]) => name === key)) return path.length === 0 ? 'the root' : path.join('.')
    for (const [name, child] of members) {
      const schema = asJsonSchema(child)
      if (schema !== undefined) queue.push([schema, [...path, name]])
    }
  }
  return undefined
}

const ruleText = (read: ReadIssue, input: unknown, shape: SchemaShape, root: JsonSchema): string | undefined => {
  const { path, isKey, isCustom } = read
  if (isKey && valueAt(input, path) !== undefined) {
    const { nodes } = findRules(root, input, path.slice(0, -1))
    const names = nodes.flatMap((node) => {
      const schema = asJsonSchema(node.propertyNames)
      return schema === undefined ? [] : [schema]
    })
    const keys = describeAll(names, root)
    return keys === undefined ? undefined : `expected as key ${keys}`
  }
  const isInside = kindAt(input, path).kind === undefined
  const from = isInside ? (shape.output ?? root) : root
  const rules = findRules(from, input, path)
  const text = describeAll(rules.nodes, from)
  const suffix = branchText(rules.branches)
  // A format may be a function of the library.
  const custom =
    isCustom && !rules.nodes.some((node) => 'format' in node) ? 'refused by a refinement of the schema' : ''
  const isMissing = !isInside && valueAt(input, path) === undefined && path.length > 0
  const becomes = isMissing || isInside ? '' : becomesText(text, path, input, shape)
  const expected = expectedText(text, becomes)
  const isUnknown = custom === '' && becomes === '' && !isInside && isMet(rules.nodes, valueAt(input, path))
  const further = isUnknown ? 'refused by a further rule of the schema' : ''
  const parts = [custom, further, isMissing ? 'required' : '', expected].filter((part) => part !== '')
  return parts.length === 0 ? undefined : `${parts.join(', ')}${suffix}`
}

/** True if the value has the type, of which nothing more is known: another rule must have refused it. */
const isMet = (nodes: readonly JsonSchema[], value: unknown): boolean =>
  nodes.length > 0 &&
  nodes.every((node) => {
    const { type } = node
    return Object.keys(node).every((key) => silent.has(key)) && (type === 'integer' ? false : type === kindOf(value))
  })

/** Keywords that allow and forbid nothing by themselves. */
const silent = new Set(['type', '$schema', 'default', 'description', 'title', 'readOnly', 'deprecated', 'examples'])

const describeAll = (nodes: readonly JsonSchema[], root: JsonSchema): string | undefined => {
  const texts = nodes.flatMap((node) => describe(node, root) ?? [])
  return texts.length === 0 ? undefined : [...new Set(texts)].join(' or ')
}

const expectedText = (text: string | undefined, becomes: string): string => {
  if (text === undefined && becomes === '') return ''
  return `expected ${text ?? 'a value'}${becomes}`
}

/** What a transform makes of the value, since its rules come after it. */
const becomesText = (text: string | undefined, path: Path, input: unknown, { output }: SchemaShape): string => {
  if (output === undefined) return ''
  const made = describeAll(findRules(output, input, path).nodes, output)
  return made === undefined || made === text ? '' : ` that becomes ${made}`
}

const branchText = (branches: readonly string[]): string =>
  branches.length === 0 ? '' : `, in the branch ${branches.join(', then ')}`
