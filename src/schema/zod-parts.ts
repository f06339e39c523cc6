import { keyedMembers, keyMembers, type PartMember, type PartResult, type SchemaPart } from './schema-parts.ts'

/** The properties of a definition of zod 3 or 4 that hold other schemas. */
interface ZodDef {
  readonly type?: unknown
  readonly typeName?: string
  readonly shape?: Readonly<Record<string, ZodSchema>> | (() => Readonly<Record<string, ZodSchema>>)
  readonly catchall?: ZodSchema
  readonly element?: ZodSchema
  readonly items?: readonly ZodSchema[]
  readonly rest?: ZodSchema | null
  readonly keyType?: ZodSchema
  readonly valueType?: ZodSchema
  readonly innerType?: ZodSchema
  readonly schema?: ZodSchema
  readonly in?: ZodSchema
  readonly out?: ZodSchema
  readonly transform?: unknown
  readonly options?: readonly ZodSchema[] | ReadonlyMap<unknown, ZodSchema>
  readonly left?: ZodSchema
  readonly right?: ZodSchema
  readonly getter?: () => ZodSchema
}

interface Payload {
  readonly value: unknown
  readonly issues: readonly unknown[]
}

interface ZodSchema {
  readonly _zod?: {
    readonly def: ZodDef
    readonly run: (payload: Payload, context: object) => Payload | Promise<Payload>
  }
  readonly _def?: ZodDef
  readonly safeParseAsync?: (value: unknown) => Promise<{ readonly success: boolean; readonly data?: unknown }>
}

/** Makes a part of a zod schema. Its `validate` runs a rule again that has thrown, so it is not used. */
export const zodPart = (schema: ZodSchema): SchemaPart => {
  const def = schema._zod?.def ?? schema._def ?? {}
  return {
    run: (value) => runZod(schema, value),
    stages: () => {
      if (def.in === undefined || def.out === undefined) return []
      const stages = [zodPart(def.in), zodPart(def.out)]
      // A codec has a function between the two; what it makes is not known here.
      return typeof def.transform === 'function' ? stages.slice(0, 1) : stages
    },
    members: (value) => [...sameValue(def, value), ...containerMembers(def, value)],
  }
}

const runZod = (schema: ZodSchema, value: unknown): PartResult | Promise<PartResult> => {
  if (schema._zod === undefined) {
    return schema.safeParseAsync?.(value).then(({ success, data }) => (success ? { value: data } : undefined))
  }
  const ran = schema._zod.run({ value, issues: [] }, { async: true })
  return 'then' in ran ? ran.then(resultOf) : resultOf(ran)
}

const resultOf = ({ value, issues }: Payload): PartResult => (issues.length === 0 ? { value } : undefined)

const sameValue = ({ innerType, schema, options, left, right, getter }: ZodDef, value: unknown): PartMember[] =>
  [innerType, schema, ...(options?.values() ?? []), left, right, getter?.()].flatMap((child) =>
    child === undefined ? [] : [{ value, part: zodPart(child) }],
  )

const containerMembers = (def: ZodDef, value: unknown): readonly PartMember[] => {
  const { keyType, valueType, catchall, items, rest, element } = def
  const shape = typeof def.shape === 'function' ? def.shape() : def.shape
  const item = element ?? (def.typeName === 'ZodArray' ? (def.type as ZodSchema) : undefined)
  return [
    ...keyedMembers(value, (key, index) => {
      if (index !== undefined) return partOf(items?.[index] ?? rest ?? item)
      if (shape === undefined) return partOf(valueType)
      return partOf(Object.hasOwn(shape, key) ? shape[key] : catchall)
    }),
    ...keyMembers(value, partOf(keyType)),
  ]
}

const partOf = (schema: ZodSchema | undefined): SchemaPart | undefined =>
  schema === undefined ? undefined : zodPart(schema)
