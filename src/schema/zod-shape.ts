import { CUT, type JsonSchema, type Side } from '../model/json-schema.ts'
import type { Schema } from '../model/schema.ts'

/** The properties of the definition of a zod schema that are read here: those of zod 4, and of zod 3 where they differ. */
interface ZodDef {
  readonly type?: unknown
  readonly typeName?: string
  readonly shape?: Readonly<Record<string, ZodPart>> | (() => Readonly<Record<string, ZodPart>>)
  readonly catchall?: ZodPart
  readonly unknownKeys?: string
  readonly element?: ZodPart
  readonly items?: readonly ZodPart[]
  readonly rest?: ZodPart | null
  readonly keyType?: ZodPart
  readonly valueType?: ZodPart
  readonly innerType?: ZodPart
  readonly schema?: ZodPart
  readonly in?: ZodPart
  readonly out?: ZodPart
  readonly options?: readonly ZodPart[] | ReadonlyMap<unknown, ZodPart>
  readonly left?: ZodPart
  readonly right?: ZodPart
  readonly values?: unknown
  readonly value?: unknown
  readonly entries?: object
  readonly getter?: () => ZodPart
  readonly format?: unknown
  readonly checks?: readonly (Check & { readonly _zod?: { readonly def: Check } })[]
}

/** A check: with a `kind` in zod 3, with a `check` in zod 4. */
interface Check {
  readonly kind?: string
  readonly check?: string
  readonly value?: unknown
  readonly inclusive?: boolean
  readonly minimum?: unknown
  readonly maximum?: unknown
  readonly length?: unknown
  readonly format?: unknown
  readonly pattern?: unknown
}

interface ZodPart {
  readonly _zod?: { readonly def: ZodDef }
  readonly _def?: ZodDef
}

const MAX_DEPTH = 24

/** Makes a JSON Schema of the definition of a zod schema: for zod 3, and zod 4 before it offered one. */
export const zodShape = (schema: Schema, side: Side): JsonSchema | undefined =>
  schema['~standard'].vendor === 'zod' ? shapeOfPart(schema as ZodPart, side, 0) : undefined

const kinds = new Set(['bigint', 'date', 'function', 'map', 'nan', 'promise', 'set', 'symbol', 'undefined'])

const shapeOfPart = (part: ZodPart, side: Side, depth: number): JsonSchema => {
  const def = part._zod?.def ?? part._def
  if (def === undefined) return {}
  if (depth > MAX_DEPTH) return { [CUT]: 'deeper' }
  const type = typeNameOf(def)
  const inner = (child: ZodPart): JsonSchema => shapeOfPart(child, side, depth + 1)
  if (kinds.has(type)) return { 'x-kind': type }
  switch (type) {
    case 'string':
    case 'number':
    case 'boolean':
    case 'null':
      return { type, ...rulesOf(def, type) }
    case 'object':
      return objectShape(def, inner)
    case 'record':
      return { type: 'object', ...(def.valueType === undefined ? {} : { additionalProperties: inner(def.valueType) }) }
    case 'array':
      return { type: 'array', items: inner(def.element ?? (def.type as ZodPart)) }
    case 'tuple':
      return {
        type: 'array',
        prefixItems: (def.items ?? []).map(inner),
        ...(def.rest ? { items: inner(def.rest) } : {}),
      }
    case 'literal':
      return { enum: Array.isArray(def.values) ? def.values : [def.value] }
    case 'enum':
    case 'nativeenum':
      return { enum: Object.values((def.entries ?? def.values) as object) }
    case 'union':
    case 'discriminatedunion':
      return { anyOf: [...(def.options?.values() ?? [])].map(inner) }
    case 'intersection':
      return { allOf: [def.left, def.right].flatMap((child) => (child === undefined ? [] : [inner(child)])) }
    case 'nullable':
      return { anyOf: [...(def.innerType === undefined ? [] : [inner(def.innerType)]), { type: 'null' }] }
    default:
      return wrappedShape(def, side, inner)
  }
}

const typeNameOf = ({ type, typeName }: ZodDef): string =>
  typeof type === 'string' ? type : (typeName ?? '').replace(/^Zod/, '').toLowerCase()

type Inner = (child: ZodPart) => JsonSchema

const wrappedShape = (def: ZodDef, side: Side, inner: Inner): JsonSchema => {
  const { innerType, schema, getter } = def
  const pipe = side === 'input' ? def.in : def.out
  const isTransform = pipe !== undefined && typeNameOf((pipe._zod?.def ?? pipe._def ?? {}) as ZodDef) === 'transform'
  // What a preprocess reads is what its schema describes; what a transform returns is not known.
  const child = isTransform && side === 'input' ? def.out : (pipe ?? innerType ?? getter?.())
  if (child !== undefined) return inner(child)
  return schema !== undefined && (side === 'input' || typeNameOf(def) !== 'effects') ? inner(schema) : {}
}

const objectShape = (def: ZodDef, inner: Inner): JsonSchema => {
  const shape = typeof def.shape === 'function' ? def.shape() : (def.shape ?? {})
  const { catchall, unknownKeys } = def
  const rest = catchall === undefined ? undefined : typeNameOf((catchall._zod?.def ?? catchall._def ?? {}) as ZodDef)
  const isStrict = unknownKeys === 'strict' || (unknownKeys === undefined && rest === 'never')
  const keys = Object.entries(shape)
  return {
    type: 'object',
    properties: Object.fromEntries(keys.map(([key, child]) => [key, inner(child)])),
    required: keys.filter(([, child]) => !isOptional(child)).map(([key]) => key),
    ...(isStrict ? { additionalProperties: false } : {}),
    ...(catchall === undefined || rest === 'never' || rest === 'unknown'
      ? {}
      : { additionalProperties: inner(catchall) }),
  }
}

const isOptional = (part: ZodPart): boolean =>
  ['optional', 'default', 'prefault', 'catch'].includes(typeNameOf((part._zod?.def ?? part._def ?? {}) as ZodDef))

const rulesOf = ({ checks = [], format }: ZodDef, type: string): JsonSchema => {
  const all: readonly Check[] = [{ check: 'format', format }, ...checks.map((check) => check._zod?.def ?? check)]
  return Object.assign({}, ...all.map((check) => (type === 'string' ? textRule(check) : numberRule(check))))
}

const integers = new Set(['safeint', 'int32', 'uint32'])

const numberRule = ({ kind, check = kind, value, inclusive = true, format }: Check): JsonSchema => {
  if (kind === 'int' || (typeof format === 'string' && integers.has(format))) return { type: 'integer' }
  if (check === 'multipleOf' || check === 'multiple_of') return { multipleOf: value }
  if (check === 'min' || check === 'greater_than') return { [inclusive ? 'minimum' : 'exclusiveMinimum']: value }
  return check === 'max' || check === 'less_than' ? { [inclusive ? 'maximum' : 'exclusiveMaximum']: value } : {}
}

const textRule = ({ kind = '', check = kind, value, minimum, maximum, length, format, pattern }: Check): JsonSchema => {
  if (check === 'min' || check === 'min_length') return { minLength: minimum ?? value }
  if (check === 'max' || check === 'max_length') return { maxLength: maximum ?? value }
  if (check === 'length_equals') return { minLength: length, maxLength: length }
  if (pattern instanceof RegExp && format === 'regex') return { pattern: '' }
  const name = typeof format === 'string' ? format : kind
  return formats.has(name) ? { format: name } : {}
}

const formats = new Set(
  'base64 cidr cuid cuid2 date datetime duration email emoji ip jwt nanoid time ulid url uuid'.split(' '),
)
