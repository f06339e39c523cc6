import { memberOf } from '../model/data/value-at.ts'
import { asJsonSchema, type JsonSchema, listOf, resolveRef } from '../model/json-schema.ts'
import { kindOf, type Path } from '../model/data/not-plain.ts'
import type { ValueKind } from '../model/failure.ts'
import { describe, literal } from './describe.ts'

/** What a schema says about one place in a document. */
export interface Rules {
  /** The parts of the schema that hold there: one, unless a union leaves several. */
  readonly nodes: readonly JsonSchema[]
  /** The branches of unions that were taken on the way, in words. */
  readonly branches: readonly string[]
}

const MAX_EXPANSIONS = 200

/** Walks a schema beside a document, and takes of each union the branch that fits what the document holds. */
export const findRules = (root: JsonSchema, input: unknown, path: Path): Rules => {
  let value = input
  const branches: string[] = []
  let nodes = expand([root], value, root, branches)
  for (const segment of path) {
    const children = nodes.flatMap((node): readonly JsonSchema[] => listOfOne(childOf(node, segment, root)))
    value = memberOf(value, segment)
    nodes = expand(children, value, root, branches)
  }
  return { nodes, branches: [...new Set(branches)] }
}

/** The kind of what a document holds at a path; absent if it is in a value that the schema takes apart itself. */
export const kindAt = (input: unknown, path: Path): { readonly kind?: ValueKind } => {
  const parent = path.slice(0, -1).reduce<unknown>(memberOf, input)
  const isInside = path.length > 0 && parent !== undefined && (typeof parent !== 'object' || parent === null)
  return isInside ? {} : { kind: kindOf(path.reduce<unknown>(memberOf, input)) }
}

const listOfOne = (node: JsonSchema | undefined): readonly JsonSchema[] => (node === undefined ? [] : [node])

/** Returns the declared members of an object. */
export const propertiesOf = (node: JsonSchema): Readonly<Record<string, unknown>> => asJsonSchema(node.properties) ?? {}

/** Returns the declared keys of an object, and the ones that a record allows. */
export const keysOf = (node: JsonSchema): readonly string[] => [
  ...Object.keys(propertiesOf(node)),
  ...listOf(asJsonSchema(node.propertyNames)?.enum).filter((key) => typeof key === 'string'),
]

const childOf = (node: JsonSchema, segment: string | number, root: JsonSchema): JsonSchema | undefined => {
  const union = unionOf(node, root)
  if (union.length > 0) {
    // No branch fits, or several do: what any of them allows there.
    const children = union.flatMap((branch) => listOfOne(childOf(branch, segment, root)))
    return children.length === 0 ? undefined : { anyOf: children }
  }
  const properties = propertiesOf(node)
  if (Object.hasOwn(properties, segment)) return asJsonSchema(properties[segment])
  const item = typeof segment === 'number' ? listOf(node.prefixItems)[segment] : undefined
  if (item !== undefined) return asJsonSchema(item)
  const pattern = Object.values(asJsonSchema(node.patternProperties) ?? {})
  const rest = pattern.length === 1 ? pattern[0] : node.additionalProperties
  return asJsonSchema(typeof segment === 'number' ? node.items : rest)
}

/** Replaces references, intersections and unions by what they stand for; a union with no branch that fits stays. */
const expand = (start: readonly JsonSchema[], value: unknown, root: JsonSchema, branches: string[]): JsonSchema[] => {
  const result: JsonSchema[] = []
  const queue = [...start]
  for (let count = 0; queue.length > 0 && count < MAX_EXPANSIONS; count++) {
    const node = queue.shift() as JsonSchema
    const { $ref, allOf } = node
    const target = typeof $ref === 'string' ? asJsonSchema(resolveRef($ref, root)) : undefined
    const union = unionOf(node, root)
    if (target !== undefined) queue.push(target)
    else if (Array.isArray(allOf)) {
      queue.push(merged(node, root))
    } else if (union.length === 0) result.push(node)
    else {
      const chosen = chooseBranch(union, value, root)
      if (chosen === undefined) result.push(node)
      else {
        if (chosen.name !== undefined) branches.push(chosen.name)
        queue.push(chosen.branch)
      }
    }
  }
  return result
}

/** One object of an intersection: their members together. */
const merged = (node: JsonSchema, root: JsonSchema): JsonSchema => {
  const parts = [{ ...node, allOf: undefined }, ...listOf(node.allOf)].flatMap((part) => {
    const schema = asJsonSchema(part)
    const target = typeof schema?.$ref === 'string' ? asJsonSchema(resolveRef(schema.$ref, root)) : schema
    return target === undefined ? [] : [target]
  })
  return {
    ...Object.assign({}, ...parts),
    properties: Object.assign({}, ...parts.map(propertiesOf)),
    required: parts.flatMap((part) => listOf(part.required)),
    allOf: undefined,
  }
}

/** Unions may be nested this deep. */
const MAX_UNIONS = 8

const unionOf = (node: JsonSchema, root: JsonSchema, depth = 0): readonly JsonSchema[] =>
  [...listOf(node.anyOf), ...listOf(node.oneOf)].flatMap((branch) => {
    const schema = asJsonSchema(branch)
    const target = typeof schema?.$ref === 'string' ? asJsonSchema(resolveRef(schema.$ref, root)) : schema
    if (target === undefined) return []
    const nested = depth < MAX_UNIONS ? unionOf(target, root, depth + 1) : []
    return nested.length === 0 ? [target] : nested
  })

interface Choice {
  readonly branch: JsonSchema
  /** In words; undefined if nothing else could be meant, such as null. */
  readonly name: string | undefined
}

const chooseBranch = (union: readonly JsonSchema[], value: unknown, root: JsonSchema): Choice | undefined => {
  // A scalar has nothing deeper: all that is allowed in its place is said at once.
  if (typeof value !== 'object' || value === null) return undefined
  const key = discriminatorOf(union)
  if (key !== undefined) {
    const given = memberOf(value, key)
    const branch = union.find((each) => allowedOf(propertiesOf(each)[key])?.includes(given))
    const constant = allowedOf(propertiesOf(branch ?? {})[key])?.find((each) => each === given)
    return branch === undefined ? undefined : { branch, name: `${key} ${literal(constant)}` }
  }
  const fitting = union.filter((branch) => fits(branch, value))
  const [branch] = fitting
  if (branch === undefined || fitting.length > 1) return undefined
  const others = union.filter((each) => each.type !== 'null')
  return { branch, name: others.length > 1 ? describe(branch, root) : undefined }
}

/** The key whose constants tell the branches of a union from each other. */
const discriminatorOf = (union: readonly JsonSchema[]): string | undefined => {
  const [first] = union
  if (first === undefined || union.length < 2) return undefined
  return Object.keys(propertiesOf(first)).find((key) => {
    const constants = union.map((branch) => allowedOf(propertiesOf(branch)[key]))
    const all = constants.flatMap((each) => each ?? [])
    return constants.every((each) => each !== undefined) && new Set(all).size === all.length
  })
}

const allowedOf = (node: unknown): readonly unknown[] | undefined => {
  const schema = asJsonSchema(node)
  if (schema === undefined) return undefined
  if ('const' in schema) return [schema.const]
  return Array.isArray(schema.enum) ? schema.enum : undefined
}

/** True if the branch describes objects and the value is one, or arrays. */
const fits = (branch: JsonSchema, value: object): boolean => {
  const types = Array.isArray(branch.type) ? branch.type : [branch.type]
  return types.includes(Array.isArray(value) ? 'array' : 'object')
}

/** True if the place is a union of which no branch, or more than one, fits what the document holds. */
export const isUndecided = (root: JsonSchema, input: unknown, path: Path): boolean =>
  findRules(root, input, path).nodes.some((node) => unionOf(node, root).length > 0)
