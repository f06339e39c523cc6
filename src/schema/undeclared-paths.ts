import { asJsonSchema, CUT, type JsonSchema, listOf, resolveRef } from '../model/json-schema.ts'
import type { SchemaShape } from './schema-shape.ts'

/** Options that name paths. */
interface NamedPaths {
  readonly public: readonly string[]
  readonly live?: readonly string[]
  readonly restart: { readonly paths: readonly string[] }
}

/**
 * Returns the dotted paths of options that no config can have: the schema declares every key at some place on the way, and not this one.
 * Whatever the schema leaves open has any key.
 */
export const undeclaredPaths = (
  { public: shown, live = [], restart }: NamedPaths,
  shape: SchemaShape,
): readonly string[] => {
  const paths = [...new Set([...shown, ...live, ...restart.paths])]
  // The output is made only if it is needed.
  const { input } = paths.length === 0 ? { input: undefined } : shape
  const output = input === undefined ? undefined : shape.output
  if (input === undefined || output === undefined) return []
  return paths.filter((path) => {
    const keys = path.split('.')
    // What is read may be named otherwise than what comes out, and a path may mean either.
    return !mayHave(output, keys, output, 'closed', 0) && !mayHave(input, keys, input, 'declared', 0)
  })
}

/** `closed`: a key is impossible if the schema excludes it; `declared`: if it names others. */
type Rule = 'closed' | 'declared'

const MAX_DEPTH = 40

const mayHave = (given: unknown, keys: readonly string[], root: JsonSchema, rule: Rule, depth: number): boolean => {
  const schema = asJsonSchema(given)
  const [key, ...rest] = keys
  if (key === undefined || schema === undefined || depth > MAX_DEPTH || schema[CUT] !== undefined) return true
  const { $ref, anyOf, oneOf, allOf } = schema
  if (typeof $ref === 'string') return mayHave(resolveRef($ref, root), keys, root, rule, depth + 1)
  const branches = [anyOf, oneOf, allOf].flatMap(listOf)
  if (branches.length > 0 && branches.some((branch) => mayHave(branch, keys, root, rule, depth + 1))) return true
  const next = nextOf(schema, key, rule, branches.length > 0)
  return next.some((inner) => mayHave(inner, rest, root, rule, depth + 1))
}

/** What may stand at a key; nothing if there can be none. */
const nextOf = (schema: JsonSchema, key: string, rule: Rule, hasBranches: boolean): readonly unknown[] => {
  const { type, properties, additionalProperties, items, prefixItems } = schema
  const types: readonly unknown[] = type === undefined ? [] : [type].flat()
  const isScalar = types.length > 0 && !types.includes('object') && !types.includes('array')
  if (isScalar || schema.const !== undefined || schema.enum !== undefined) return []
  const isList = types.includes('array') || items !== undefined || prefixItems !== undefined
  const inList = isList && (key === '*' || /^\d+$/.test(key)) ? [...listOf(prefixItems), items ?? true] : []
  if (isList && properties === undefined && !types.includes('object')) return inList
  const declared = asJsonSchema(properties)
  // Branches say what there is; without them, and without names, there may be anything.
  if (declared === undefined && hasBranches) return inList
  const own = key === '*' ? Object.values(declared ?? {}) : declaredAt(declared, key)
  if (own.length > 0) return [...own, ...inList]
  return [...(isClosed(schema, key, rule) ? [] : [additionalProperties ?? true]), ...patternsOf(schema), ...inList]
}

/** True if the schema allows no key that it does not name. */
const isClosed = (schema: JsonSchema, key: string, rule: Rule): boolean => {
  const { properties, additionalProperties } = schema
  const isSilent = rule === 'declared' && properties !== undefined && additionalProperties === undefined
  return additionalProperties === false || isSilent || !isAllowedName(schema, key)
}

const patternsOf = ({ patternProperties }: JsonSchema): readonly unknown[] =>
  Object.values(asJsonSchema(patternProperties) ?? {})

/** False for a key of a record whose keys the schema lists. */
const isAllowedName = ({ propertyNames }: JsonSchema, key: string): boolean => {
  const names = listOf(asJsonSchema(propertyNames)?.enum)
  return names.length === 0 || key === '*' || names.includes(key)
}

const declaredAt = (declared: JsonSchema | undefined, key: string): readonly unknown[] =>
  declared !== undefined && Object.hasOwn(declared, key) ? [declared[key]] : []
