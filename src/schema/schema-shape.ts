import { asJsonSchema, type JsonSchema, type Side } from '../model/json-schema.ts'
import type { Schema } from '../model/schema.ts'
import { valibotShape } from './valibot-shape.ts'
import { zodShape } from './zod-shape.ts'

/** What a schema says about itself, as a JSON Schema: names and rules. Undefined if it says nothing. */
export interface SchemaShape {
  readonly input: JsonSchema | undefined
  /** Made when it is first asked for. */
  readonly output: JsonSchema | undefined
}

/**
 * Asks a schema for its JSON Schema (standardschema.dev/json-schema), then for the structure that its library offers. It
 * is made of the schema alone and never of a document, so all of it may be shown.
 */
export const shapeOf = (schema: Schema): SchemaShape => {
  let output: { readonly value: JsonSchema | undefined } | undefined
  return {
    input: sideOf(schema, 'input'),
    get output() {
      output ??= { value: sideOf(schema, 'output') }
      return output.value
    },
  }
}

type Attempt = (schema: Schema, side: Side) => unknown

const sideOf = (schema: Schema, side: Side): JsonSchema | undefined => {
  for (const attempt of [standardShape, arktypeShape, valibotShape, zodShape] satisfies readonly Attempt[]) {
    try {
      const shape = asJsonSchema(attempt(schema, side))
      if (shape !== undefined && Object.keys(shape).some((key) => key !== '$schema')) return shape
    } catch {
      // A part that JSON Schema cannot express, or another version of the library: the next way may do.
    }
  }
  return undefined
}

const standardShape: Attempt = (schema, side) => {
  const { jsonSchema, vendor } = schema['~standard'] as {
    readonly vendor: string
    readonly jsonSchema?: { readonly [S in Side]?: (options: object) => unknown }
  }
  const libraryOptions = Object.hasOwn(optionsOfVendor, vendor) ? optionsOfVendor[vendor] : undefined
  const options = { target: 'draft-2020-12', ...(libraryOptions === undefined ? {} : { libraryOptions }) }
  return jsonSchema?.[side]?.(options)
}

/** For arktype before it offered a standard JSON Schema. */
const arktypeShape: Attempt = (schema, side) => {
  const type = schema as { readonly in?: unknown; readonly out?: unknown }
  const part = (side === 'input' ? type.in : type.out) as { toJsonSchema?: (options: object) => unknown } | undefined
  return part?.toJsonSchema?.({ fallback: arktypeFallback })
}

interface ZodCheck {
  readonly _zod: { readonly def: { readonly check: string; readonly value?: unknown; readonly inclusive?: boolean } }
}

interface ZodContext {
  readonly zodSchema: {
    readonly _zod: { readonly def: { readonly type: string; readonly checks?: readonly ZodCheck[] } }
  }
  readonly jsonSchema: Record<string, unknown>
}

const kinds = new Set(['bigint', 'date', 'file', 'function', 'map', 'nan', 'promise', 'set', 'symbol', 'undefined'])

/** As text: zod passes the schema through JSON, which has no Date and no bigint. */
const limitOf = ({ check, value: limit, inclusive }: ZodCheck['_zod']['def']): object => {
  const value = limit instanceof Date ? limit.toJSON() : String(limit)
  if (check === 'greater_than') return { [inclusive === false ? 'exclusiveMinimum' : 'minimum']: value }
  return check === 'less_than' ? { [inclusive === false ? 'exclusiveMaximum' : 'maximum']: value } : {}
}

const zodOptions = {
  // Without this a single z.date() leaves all of the schema without names.
  unrepresentable: 'any',
  override: ({ zodSchema, jsonSchema }: ZodContext): void => {
    const { type } = zodSchema._zod.def
    if (!kinds.has(type)) return
    jsonSchema['x-kind'] = type
    // JSON Schema has no limits for these.
    for (const check of zodSchema._zod.def.checks ?? []) Object.assign(jsonSchema, limitOf(check._zod.def))
  },
}

interface ArktypeContext {
  readonly base: object
  readonly code: string
  readonly domain?: string
  readonly proto?: { readonly name: string }
}

const arktypeFallback = ({ base, code, domain, proto }: ArktypeContext): object => {
  const kind = code === 'date' ? 'date' : (domain ?? proto?.name)
  return kind === undefined ? base : { ...base, 'x-kind': kind.toLowerCase() }
}

const valibotOptions = { errorMode: 'ignore' }

const optionsOfVendor: Readonly<Record<string, object>> = {
  zod: zodOptions,
  arktype: { fallback: arktypeFallback },
  valibot: valibotOptions,
}
