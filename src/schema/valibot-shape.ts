import { CUT, type JsonSchema, type Side } from '../model/json-schema.ts'
import type { Schema } from '../model/schema.ts'

/** The documented properties of a valibot schema or action that are read here. */
interface ValibotPart {
  readonly kind?: string
  readonly type?: string
  readonly pipe?: readonly ValibotPart[]
  readonly entries?: Readonly<Record<string, ValibotPart>>
  readonly rest?: ValibotPart
  readonly wrapped?: ValibotPart
  readonly item?: ValibotPart
  readonly items?: readonly ValibotPart[]
  readonly key?: unknown
  readonly value?: ValibotPart
  readonly options?: readonly unknown[]
  readonly literal?: unknown
  readonly requirement?: unknown
  readonly default?: unknown
  readonly getter?: (input?: unknown) => ValibotPart
}

/** Deeper parts of a recursive schema say nothing that the upper ones do not. */
const MAX_DEPTH = 24

/** Makes a JSON Schema of the properties of a valibot schema, which valibot itself leaves to another package. */
export const valibotShape = (schema: Schema, side: Side): JsonSchema | undefined =>
  schema['~standard'].vendor === 'valibot' ? shapeOfPart(schema as unknown as ValibotPart, side, 0) : undefined

const shapeOfPart = (part: ValibotPart, side: Side, depth: number): JsonSchema => {
  if (depth > MAX_DEPTH) return { [CUT]: 'deeper' }
  const { pipe } = part
  if (pipe === undefined) return shapeOfSchema(part, side, depth)
  let shape: Record<string, unknown> = {}
  for (const step of pipe) {
    const isChange = step.kind === 'transformation' && !changesNoType.has(step.type ?? '')
    if (isChange && side === 'input') return shape
    if (step.kind === 'schema') shape = { ...shape, ...shapeOfPart(step, side, depth + 1) }
    else if (isChange) shape = { ...outputOf(step) }
    else Object.assign(shape, ruleOf(step, shape))
  }
  return shape
}

/** Transformations of strings and the like: what follows them still holds for what the document holds. */
const changesNoType = new Set(
  'trim trim_start trim_end to_lower_case to_upper_case to_min_value to_max_value normalize readonly brand flavor'.split(
    ' ',
  ),
)

const outputOf = ({ type }: ValibotPart): JsonSchema => {
  const named = outputs[type ?? '']
  return named === undefined ? {} : named
}
const outputs: Readonly<Record<string, JsonSchema>> = {
  to_number: { type: 'number' },
  to_string: { type: 'string' },
  to_boolean: { type: 'boolean' },
  to_bigint: { 'x-kind': 'bigint' },
  to_date: { 'x-kind': 'date' },
}

const scalars: Readonly<Record<string, JsonSchema>> = {
  string: { type: 'string' },
  number: { type: 'number' },
  boolean: { type: 'boolean' },
  null: { type: 'null' },
}

const kinds = new Set([
  'bigint',
  'blob',
  'date',
  'file',
  'function',
  'map',
  'nan',
  'promise',
  'set',
  'symbol',
  'undefined',
])

const shapeOfSchema = (part: ValibotPart, side: Side, depth: number): JsonSchema => {
  const { type = '', entries, wrapped, item, items, options, getter } = part
  const inner = (child: ValibotPart): JsonSchema => shapeOfPart(child, side, depth + 1)
  if (scalars[type] !== undefined) return { ...scalars[type] }
  if (kinds.has(type)) return { 'x-kind': type }
  if (entries !== undefined) return objectShape(part, entries, inner)
  if (type === 'record') return { ...recordShape(part, inner) }
  if (wrapped !== undefined) {
    return type.startsWith('null') ? { anyOf: [inner(wrapped), { type: 'null' }] } : inner(wrapped)
  }
  if (item !== undefined) return { type: 'array', items: inner(item) }
  if (items !== undefined) return tupleShape(part, items, inner)
  if (type === 'literal') return { const: part.literal }
  if (type === 'picklist' || type === 'enum') return { enum: options }
  if (type === 'union' || type === 'variant') return { anyOf: (options as readonly ValibotPart[]).map(inner) }
  if (type === 'intersect') return { allOf: (options as readonly ValibotPart[]).map(inner) }
  if (type === 'array') return { type: 'array' }
  if (type === 'never') return { not: {} }
  return type === 'lazy' && getter !== undefined ? inner(getter()) : {}
}

type Inner = (child: ValibotPart) => JsonSchema

const objectShape = (
  { type, rest }: ValibotPart,
  entries: Readonly<Record<string, ValibotPart>>,
  inner: Inner,
): JsonSchema => ({
  type: 'object',
  properties: Object.fromEntries(Object.entries(entries).map(([key, child]) => [key, inner(child)])),
  required: Object.keys(entries).filter((key) => !isOptional(entries[key])),
  ...(type === 'strict_object' ? { additionalProperties: false } : {}),
  ...(rest === undefined ? {} : { additionalProperties: inner(rest) }),
})

const isOptional = (part: ValibotPart | undefined): boolean =>
  ['optional', 'exact_optional', 'nullish', 'undefinedable'].includes(part?.type ?? '')

const recordShape = ({ key, value }: ValibotPart, inner: Inner): JsonSchema => ({
  type: 'object',
  propertyNames: inner(key as ValibotPart),
  additionalProperties: inner(value as ValibotPart),
})

const tupleShape = ({ type, rest }: ValibotPart, items: readonly ValibotPart[], inner: Inner): JsonSchema => ({
  type: 'array',
  prefixItems: items.map(inner),
  minItems: items.length,
  ...(type === 'tuple' || type === 'strict_tuple' ? { maxItems: items.length } : {}),
  ...(rest === undefined ? {} : { items: inner(rest) }),
})

/** The rules of an action: what it says about numbers, texts, lists and formats. */
const ruleOf = ({ type = '', requirement }: ValibotPart, shape: JsonSchema): JsonSchema => {
  const size = shape.type === 'array' ? 'Items' : 'Length'
  switch (type) {
    case 'integer':
    case 'safe_integer':
      return { type: 'integer' }
    case 'min_value':
      return { minimum: requirement }
    case 'max_value':
      return { maximum: requirement }
    case 'gt_value':
      return { exclusiveMinimum: requirement }
    case 'lt_value':
      return { exclusiveMaximum: requirement }
    case 'multiple_of':
      return { multipleOf: requirement }
    case 'min_length':
      return { [`min${size}`]: requirement }
    case 'max_length':
      return { [`max${size}`]: requirement }
    case 'length':
      return { [`min${size}`]: requirement, [`max${size}`]: requirement }
    case 'non_empty':
      return { [`min${size}`]: 1 }
    case 'value':
      return { const: requirement }
    case 'values':
      return { enum: requirement }
    case 'min_entries':
      return { minProperties: requirement }
    case 'max_entries':
      return { maxProperties: requirement }
    case 'starts_with':
    case 'ends_with':
    case 'includes':
    case 'regex':
      return { pattern: '' }
    default:
      return formats.has(type) ? { format: type.replaceAll('_', '-') } : {}
  }
}

const formats = new Set(
  'base64 bic credit_card cuid2 decimal digits domain email rfc_email emoji hash hexadecimal hex_color imei ip ipv4 ipv6 iso_date iso_date_time iso_time iso_time_second iso_timestamp iso_week isbn isrc jws_compact mac mac48 mac64 nanoid octal slug ulid url uuid word_chars'.split(
    ' ',
  ),
)
