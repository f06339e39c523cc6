import type { ErrorCode, ValueKind } from '../failure.ts'

/** The keys and indexes that lead to a value. */
export type Path = readonly (string | number)[]

/** How deep a document may be nested: far beyond what people write, far below what overflows the stack. */
export const MAX_DEPTH = 100

/** True if some code has added enumerable members to the prototype of all objects: a loop over keys finds them too. */
export const isPrototypePolluted = (): boolean => {
  for (const _ in {}) return true
  return false
}

/** Thrown for a value that is not plain data, or exceeds a limit. */
export class NotPlain extends Error {
  readonly code: Extract<
    ErrorCode,
    'config.not-plain' | 'document.too-deep' | 'document.too-large' | 'document.forbidden-key'
  >
  readonly path: Path
  readonly kind: ValueKind

  constructor(code: NotPlain['code'], path: Path, kind: ValueKind) {
    super(code)
    this.code = code
    this.path = path
    this.kind = kind
  }
}

/** Returns the kind of a value, which may be shown although the value may not. */
export const kindOf = (value: unknown): ValueKind => {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  if (type === 'object' || type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint')
    return type
  return 'other'
}
