import {
  keyedMembers,
  keyMembers,
  type PartMember,
  type PartResult,
  rulePart,
  type SchemaPart,
} from './schema-parts.ts'

interface Dataset {
  readonly value: unknown
  readonly issues?: readonly unknown[] | undefined
}

/** The documented properties of a valibot schema or action that hold other schemas, and how it is run. */
interface ValibotSchema {
  readonly kind?: string
  readonly '~run': (dataset: object, config: object) => Dataset | Promise<Dataset>
  readonly pipe?: readonly ValibotSchema[]
  readonly entries?: Readonly<Record<string, ValibotSchema>>
  readonly rest?: ValibotSchema
  readonly wrapped?: ValibotSchema
  readonly item?: ValibotSchema
  readonly items?: readonly ValibotSchema[]
  readonly key?: unknown
  readonly value?: unknown
  readonly options?: readonly unknown[]
  readonly getter?: (value: unknown) => ValibotSchema
}

/** Makes a part of a valibot schema, or of an action of a pipe. */
export const valibotPart = (schema: ValibotSchema): SchemaPart => {
  const run = (value: unknown): PartResult | Promise<PartResult> => {
    const ran = schema['~run']({ typed: schema.kind !== 'schema', value }, {})
    return 'then' in ran ? ran.then(resultOf) : resultOf(ran)
  }
  if (schema.kind !== 'schema') return rulePart(run)
  return {
    run,
    // The first step is the schema itself, without its pipe.
    stages: () => (schema.pipe ?? []).map(valibotPart),
    members: (value) => [...sameValue(schema, value), ...containerMembers(schema, value)],
  }
}

const resultOf = ({ value, issues }: Dataset): PartResult =>
  issues === undefined || issues.length === 0 ? { value } : undefined

const isSchema = (value: unknown): value is ValibotSchema =>
  typeof value === 'object' && value !== null && '~run' in value

const sameValue = ({ wrapped, options = [], getter }: ValibotSchema, value: unknown): PartMember[] =>
  [wrapped, ...options, getter?.(value)].filter(isSchema).map((child) => ({ value, part: valibotPart(child) }))

const containerMembers = (schema: ValibotSchema, value: unknown): readonly PartMember[] => {
  const { entries, rest, item, items } = schema
  const { key: keys, value: values } = schema
  return [
    ...keyedMembers(value, (key, index) => {
      if (index !== undefined) return partOf(items?.[index] ?? rest ?? item)
      if (entries === undefined) return partOf(values)
      return partOf(Object.hasOwn(entries, key) ? entries[key] : rest)
    }),
    ...keyMembers(value, partOf(keys)),
  ]
}

const partOf = (schema: unknown): SchemaPart | undefined => (isSchema(schema) ? valibotPart(schema) : undefined)
