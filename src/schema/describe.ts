import { asJsonSchema, type JsonSchema, listOf, resolveRef } from '../model/json-schema.ts'

const MAX_MEMBERS = 12
const MAX_BRANCHES = 6
const MAX_TEXT = 80
const MAX_DEPTH = 6

/**
 * Says in words what a schema allows: "an integer from 1 to 20", 'one of "debug", "info"'. Everything in it comes from the
 * schema. Undefined if the schema says nothing.
 */
export const describe = (schema: JsonSchema, root: JsonSchema, depth = 0): string | undefined => {
  if (depth > MAX_DEPTH) return undefined
  const { $ref, anyOf, oneOf, allOf } = schema
  const within = (child: JsonSchema): string | undefined => describe(child, root, depth + 1)
  if (typeof $ref === 'string') {
    const target = asJsonSchema(resolveRef($ref, root))
    return target === undefined ? undefined : within(target)
  }
  if ('const' in schema) return literal(schema.const)
  if (isNever(schema)) return 'no value'
  if (Array.isArray(schema.enum)) return oneOfLiterals(schema.enum)
  const branches = [...listOf(anyOf), ...listOf(oneOf)].map(asJsonSchema)
  if (branches.length > 0) return describeBranches(branches, within)
  const parts = listOf(allOf).map(asJsonSchema)
  if (parts.length > 0) return within(Object.assign({}, ...parts, { ...schema, allOf: undefined }))
  return describeType(schema)
}

const describeBranches = (
  branches: readonly (JsonSchema | undefined)[],
  within: (branch: JsonSchema) => string | undefined,
): string | undefined => {
  const constants = branches.flatMap((branch) => (branch !== undefined && 'const' in branch ? [branch.const] : []))
  if (constants.length === branches.length) return oneOfLiterals(constants)
  const texts = branches.map((branch) => (branch === undefined ? undefined : within(branch)))
  if (texts.includes(undefined)) return undefined // a branch that allows anything
  const unique = [...new Set(texts)]
  const shown = unique.slice(0, MAX_BRANCHES)
  return [...shown, ...(unique.length > shown.length ? ['something else'] : [])].join(' or ')
}

const isNever = ({ not, enum: members }: JsonSchema): boolean =>
  Object.keys(asJsonSchema(not) ?? { not }).length === 0 || (Array.isArray(members) && members.length === 0)

/** Writes a value of the schema. Anything but a scalar is not shown. */
export const literal = (value: unknown): string => {
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? 'undefined')
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text
}

const oneOfLiterals = (values: readonly unknown[]): string => {
  const shown = values.slice(0, MAX_MEMBERS).map(literal).join(', ')
  if (values.length === 1) return shown
  return values.length > MAX_MEMBERS ? `one of ${shown} and ${values.length - MAX_MEMBERS} more` : `one of ${shown}`
}

const kindNames: Readonly<Record<string, string>> = { date: 'Date', map: 'Map', set: 'Set' }

const describeType = (schema: JsonSchema): string | undefined => {
  const kind = schema['x-kind']
  if (typeof kind === 'string') return `a ${kindNames[kind] ?? kind}${rangeOf(schema)}`
  const { type } = schema
  if (Array.isArray(type)) {
    const texts = type.map((each) => describeType({ ...schema, type: each }))
    return texts.includes(undefined) ? undefined : texts.join(' or ')
  }
  switch (type) {
    case 'string':
      return `a string${sizeOf(schema, 'Length', 'character')}${formatOf(schema)}`
    case 'number':
    case 'integer':
      return `${type === 'integer' ? 'an integer' : 'a number'}${rangeOf(schema)}`
    case 'array':
      return `an array${sizeOf(withTuple(schema), 'Items', 'item')}`
    case 'object':
      return `an object${membersOf(schema)}${sizeOf(schema, 'Properties', 'key')}`
    case 'boolean':
      return 'true or false'
    default:
      return type === 'null' ? 'null' : undefined
  }
}

/** A tuple without a rest has a greatest length. */
const withTuple = (schema: JsonSchema): JsonSchema =>
  schema.items === false && schema.maxItems === undefined
    ? { ...schema, maxItems: listOf(schema.prefixItems).length }
    : schema

const limitOf = (value: unknown): string | undefined => {
  if (typeof value === 'bigint' || typeof value === 'string') return `${value}`.slice(0, MAX_TEXT)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  return numberOf(value)?.toString()
}

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) !== Number.MAX_SAFE_INTEGER ? value : undefined

const rangeOf = ({ minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf }: JsonSchema): string => {
  const [least, most] = [limitOf(minimum), limitOf(maximum)]
  const [above, below] = [limitOf(exclusiveMinimum), limitOf(exclusiveMaximum)]
  const step = numberOf(multipleOf)
  const limits = [
    least !== undefined && most !== undefined ? `from ${least} to ${most}` : undefined,
    least !== undefined && most === undefined ? `of at least ${least}` : undefined,
    most !== undefined && least === undefined ? `of at most ${most}` : undefined,
    above === undefined ? undefined : `above ${above}`,
    below === undefined ? undefined : `below ${below}`,
  ].filter((limit) => limit !== undefined)
  const range = limits.length === 0 ? '' : ` ${limits.join(' and ')}`
  return step === undefined || step === 1 ? range : `${range} that is a multiple of ${step}`
}

const sizeOf = (schema: JsonSchema, suffix: string, noun: string): string => {
  const [least, most] = [numberOf(schema[`min${suffix}`]), numberOf(schema[`max${suffix}`])]
  const units = (count: number): string => `${count} ${noun}${count === 1 ? '' : 's'}`
  if (least !== undefined && most !== undefined)
    return least === most ? ` of ${units(least)}` : ` of ${least} to ${units(most)}`
  if (least !== undefined && least > 0) return ` of at least ${units(least)}`
  return most === undefined ? '' : ` of at most ${units(most)}`
}

/** A pattern, a prefix and the like are not quoted: they may hold a part of a secret. */
const formatOf = ({ format, pattern }: JsonSchema): string => {
  if (typeof format === 'string' && !isPatternFormat(format)) return ` in the format ${format.slice(0, MAX_TEXT)}`
  return pattern === undefined && format === undefined ? '' : ' that matches its pattern'
}

/** What zod calls a format and a pattern says better. */
const isPatternFormat = (format: string): boolean => ['regex', 'includes', 'starts_with', 'ends_with'].includes(format)

/** The keys that tell one object from another: constants first, else the ones that are required. */
const membersOf = ({ properties, required }: JsonSchema): string => {
  const constants = Object.entries(asJsonSchema(properties) ?? {}).flatMap(([key, child]) => {
    const value = asJsonSchema(child)
    return value !== undefined && 'const' in value ? [`${key} ${literal(value.const)}`] : []
  })
  const names = constants.length > 0 ? constants : listOf(required).filter((name) => typeof name === 'string')
  const shown = names.slice(0, 4)
  return shown.length === 0 ? '' : ` with ${shown.join(', ')}${names.length > shown.length ? ', …' : ''}`
}
