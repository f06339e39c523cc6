import type { Schema, SchemaResult } from '../model/schema.ts'

interface Payload {
  readonly value: unknown
  readonly issues: readonly unknown[]
}

type AsyncResult =
  | { readonly success: true; readonly data: unknown }
  | { readonly success: false; readonly error: { readonly issues: SchemaResult<unknown>['issues'] } }

/** What is used of a schema of zod 4. */
interface Zod4Schema {
  readonly _zod: { readonly run: (payload: Payload, context: object) => Payload | Promise<Payload> }
  readonly safeParseAsync: (value: unknown) => Promise<AsyncResult>
}

const isZod4 = (schema: object): schema is Zod4Schema => '_zod' in schema && 'safeParseAsync' in schema

/**
 * Validates without a promise that nothing awaits.
 *
 * @param length of the text that the input was, in characters
 */
export const validateSafely = (
  schema: Schema,
  input: unknown,
  length = Number.POSITIVE_INFINITY,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> =>
  isZod4(schema) ? validateByZod(schema, input, length) : schema['~standard'].validate(input)

const isAsync = new WeakMap<object, boolean>()

/**
 * Zod compiles a function for each object of a schema when it first runs without promises. That takes a millisecond of
 * the first reload, and repays it with long texts only (bench: reload, noop).
 */
const MIN_COMPILED_LENGTH = 65_536

/**
 * Validates by zod 4, whose `validate` tries without promises first: it drops the promise of an asynchronous rule, whose
 * rejection would end the process, and calls the rule again. So the first run finds out whether there is one.
 */
const validateByZod = (
  schema: Schema & Zod4Schema,
  input: unknown,
  length: number,
): SchemaResult<unknown> | Promise<SchemaResult<unknown>> => {
  const known = isAsync.get(schema)
  if (known === true) return validateLater(schema, input)
  if (known === false && length >= MIN_COMPILED_LENGTH) return schema['~standard'].validate(input)
  const ran = schema._zod.run({ value: input, issues: [] }, { async: true })
  if (known === undefined) isAsync.set(schema, ran instanceof Promise)
  if (ran instanceof Promise) {
    return ran.then(({ value, issues }) => (issues.length === 0 ? { value } : validateLater(schema, input)))
  }
  // The issues of a run have no messages yet.
  return ran.issues.length === 0 ? { value: ran.value } : schema['~standard'].validate(input)
}

const validateLater = async (schema: Zod4Schema, input: unknown): Promise<SchemaResult<unknown>> => {
  const result = await schema.safeParseAsync(input)
  return result.success ? { value: result.data } : { issues: result.error.issues ?? [] }
}
