/**
 * The Standard Schema interface, version 1 (https://standardschema.dev), which zod, valibot, arktype and others
 * implement. It is declared here so that the types need no dependency.
 */
export interface Schema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** What a schema's `validate` returns: the output, or the issues. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/**
 * One reason why a schema rejects a value. Changeover shows the path but not the message, which may quote the value.
 */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

type Primitive = string | number | boolean | bigint | symbol | null | undefined

/**
 * Makes every property of plain data read-only, at every depth. Arrays and tuples become read-only ones; brands stay.
 */
export type DeepReadonly<T> = T extends Primitive
  ? T
  : T extends object
    ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> }
    : T

type Step = [never, 0, 1, 2, 3, 4, 5]

/** True for a function that is known to be one. */
type IsMethod<Value> = 0 extends 1 & Value
  ? never
  : [Value] extends [never]
    ? never
    : [NonNullable<Value>] extends [(...args: never) => unknown]
      ? true
      : never

/** What has methods is no plain data: a Date, a Map, a URL. It has no paths of its own. */
type HasMethods<T> = true extends { [Key in keyof T]-?: IsMethod<T[Key]> }[keyof T] ? true : false

/** The dotted paths into a config. `*` stands for any key of a record and any index of an array. */
export type ConfigPath<T, Depth extends number = 5> = [Depth] extends [0]
  ? string
  : T extends Primitive
    ? never
    : T extends readonly (infer Item)[]
      ? '*' | `*.${ConfigPath<Item, Step[Depth]>}`
      : HasMethods<T> extends true
        ? never
        : T extends object
          ? {
              [Key in keyof T & string]: string extends Key
                ? '*' | `*.${ConfigPath<NonNullable<T[Key]>, Step[Depth]>}`
                : Key | `${Key}.${ConfigPath<NonNullable<T[Key]>, Step[Depth]>}`
            }[keyof T & string]
          : never
