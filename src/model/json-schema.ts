/**
 * A JSON Schema, of which only some keywords are read. `x-kind` names what JSON cannot hold: `date`, `map`, `bigint`.
 */
export interface JsonSchema {
  readonly $ref?: unknown
  readonly type?: unknown
  readonly const?: unknown
  readonly enum?: unknown
  readonly properties?: unknown
  readonly required?: unknown
  readonly additionalProperties?: unknown
  readonly propertyNames?: unknown
  readonly items?: unknown
  readonly prefixItems?: unknown
  readonly allOf?: unknown
  readonly anyOf?: unknown
  readonly oneOf?: unknown
  readonly [keyword: string]: unknown
}

/** Marks a part of a schema that is nested too deeply to be described. */
export const CUT = 'x-cut'

/** Which side of a schema: what it reads, or what it returns. */
export type Side = 'input' | 'output'

/** Returns the schema if it is an object: `true` and `false` say nothing about names and rules. */
export const asJsonSchema = (value: unknown): JsonSchema | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonSchema) : undefined

/** Returns the items of an array; of anything else none. */
export const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** Returns what a local reference such as `#/$defs/Node` points to. */
export const resolveRef = (ref: string, root: unknown): unknown =>
  ref
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], root)
