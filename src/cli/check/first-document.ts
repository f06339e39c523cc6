import { asJsonSchema, type JsonSchema, listOf, resolveRef } from '../../model/json-schema.ts'
import type { Schema } from '../../model/schema.ts'
import { shapeOf } from '../../schema/schema-shape.ts'

const MAX_DEPTH = 20

/** Makes a document of what a schema says: its defaults, and the smallest value of what it requires. */
export const firstDocument = (schema: Schema): unknown => {
  const root = shapeOf(schema).input
  return root === undefined ? {} : (leastOf(root, root, 0) ?? {})
}

const leastOf = (given: unknown, root: JsonSchema, depth: number): unknown => {
  const schema = asJsonSchema(given)
  if (schema === undefined || depth > MAX_DEPTH) return undefined
  const { $ref, default: own, const: only, enum: choices, anyOf, oneOf, allOf } = schema
  const named = own ?? only ?? listOf(choices)[0]
  if (named !== undefined) return named
  if (typeof $ref === 'string') return leastOf(resolveRef($ref, root), root, depth + 1)
  const [branch] = [anyOf, oneOf, allOf].flatMap(listOf)
  return branch === undefined ? leastOfType(schema, root, depth) : leastOf(branch, root, depth + 1)
}

const leastOfType = (schema: JsonSchema, root: JsonSchema, depth: number): unknown => {
  const [kind] = Array.isArray(schema.type) ? schema.type : [schema.type]
  if (kind === 'string') return ''
  if (kind === 'boolean') return false
  if (kind === 'integer' || kind === 'number') return leastNumber(schema)
  if (kind === 'array') return []
  if (kind === 'null') return null
  return kind === 'object' ? membersOf(schema, root, depth) : undefined
}

const membersOf = ({ properties, required }: JsonSchema, root: JsonSchema, depth: number): object => {
  const needed = new Set(listOf(required))
  const members = Object.entries(asJsonSchema(properties) ?? {}).map(
    ([key, part]) => [key, isWritten(part, needed.has(key)) ? leastOf(part, root, depth + 1) : undefined] as const,
  )
  return Object.fromEntries(members.filter(([, value]) => value !== undefined))
}

/** What is optional and has no default is left out. */
const isWritten = (part: unknown, isRequired: boolean): boolean =>
  isRequired || asJsonSchema(part)?.default !== undefined

const leastNumber = ({ minimum, exclusiveMinimum }: JsonSchema): number => {
  // A library says of a whole number that it is at least the smallest one.
  if (typeof minimum === 'number') return minimum > Number.MIN_SAFE_INTEGER ? minimum : 0
  return typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : 0
}
