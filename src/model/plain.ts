import type { ErrorCode, ValueKind } from './errors.ts'

/** How deep a document may be nested: far beyond what people write, far below what overflows a stack. */
const MAX_DEPTH = 100

export type Path = readonly (string | number)[]

/** Says what in a value is not plain data, and where. */
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

/** What kind of thing a value is, without the value. */
export const kindOf = (value: unknown): ValueKind => {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  const type = typeof value
  if (type === 'object' || type === 'string' || type === 'number' || type === 'boolean' || type === 'bigint')
    return type
  return 'other'
}

const isPlainObject = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Members and items that a document may have; a parser's shared references can make millions of a few bytes. */
const MAX_MEMBERS = 1_000_000

/**
 * Counts the members of all objects of a parsed document; throws {@link NotPlain} where it is nested too deeply, has
 * too many parts or uses `__proto__`. Run before the schema sees the document, whose own recursion has no such limit.
 */
export const countMembers = (value: unknown): number => {
  const count = { parts: 0, members: 0 }
  visit(value, [], count)
  return count.members
}

const visit = (at: unknown, path: Path, count: { parts: number; members: number }): void => {
  count.parts += 1
  if (count.parts > MAX_MEMBERS) throw new NotPlain('document.too-large', [], 'object')
  if (typeof at !== 'object' || at === null) return
  if (path.length >= MAX_DEPTH) throw new NotPlain('document.too-deep', path, kindOf(at))
  if (Array.isArray(at)) {
    for (const [index, item] of at.entries()) visit(item, below(path, index, item), count)
    return
  }
  for (const [key, item] of Object.entries(at)) {
    if (key === '__proto__') throw new NotPlain('document.forbidden-key', path, 'object')
    count.members += 1
    visit(item, below(path, key, item), count)
  }
}

// A path is only ever told of a branch, so a leaf needs none of its own.
const below = (path: Path, key: string | number, item: unknown): Path =>
  typeof item === 'object' ? [...path, key] : path

// Objects made here are frozen to the bottom and never change, so they may be shared and need no second walk.
const owned = new WeakSet<object>()

/** True for data that is known to be plain and frozen to the bottom. */
export const isOwned = (value: unknown): boolean => typeof value === 'object' && value !== null && owned.has(value)

/**
 * The value as plain, deep-frozen data that nobody else holds. Parts that equal `previous` are taken from there, so
 * equal data is identical data, and finding out what changed costs one walk.
 *
 * @throws NotPlain where something is not plain data: only objects, arrays, strings, booleans, null, bigints and
 * finite numbers are. Members that are `undefined` count as absent.
 */
export const toPlain = (value: unknown, previous?: unknown, path: Path = []): unknown => {
  if (typeof value !== 'object' || value === null) return toScalar(value, path)
  if (owned.has(value)) return value === previous || !isEqual(value, previous) ? value : previous
  if (path.length >= MAX_DEPTH) throw new NotPlain('document.too-deep', path, kindOf(value))
  const before = typeof previous === 'object' && previous !== null && owned.has(previous) ? previous : undefined
  return Array.isArray(value) ? toPlainArray(value, before, path) : toPlainObject(value, before, path)
}

const toScalar = (value: unknown, path: Path): unknown => {
  const type = typeof value
  const isPlain =
    value === null || type === 'string' || type === 'boolean' || type === 'bigint' || Number.isFinite(value)
  if (!isPlain) throw new NotPlain('config.not-plain', path, kindOf(value))
  return value
}

const toPlainArray = (value: readonly unknown[], previous: object | undefined, path: Path): unknown => {
  const before: readonly unknown[] | undefined = Array.isArray(previous) ? previous : undefined
  let same = before?.length === value.length
  const made: unknown[] = new Array(value.length)
  for (let index = 0; index < value.length; index++) {
    const item = toPlain(value[index], before?.[index], [...path, index])
    if (item !== before?.[index]) same = false
    made[index] = item
  }
  return same && before !== undefined ? before : own(made)
}

const toPlainObject = (value: object, previous: object | undefined, path: Path): unknown => {
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) {
    // An async select or transform: that nobody awaits it must not end the process.
    if (value instanceof Promise) value.catch(() => {})
    throw new NotPlain('config.not-plain', path, 'other')
  }
  const before = Array.isArray(previous) ? undefined : (previous as Readonly<Record<string, unknown>> | undefined)
  const made: Record<string, unknown> = {}
  let count = 0
  let same = before !== undefined
  for (const key of Object.keys(value)) {
    if (key === '__proto__') throw new NotPlain('document.forbidden-key', path, 'object')
    const member = value[key]
    if (member === undefined) continue
    const old = before !== undefined && Object.hasOwn(before, key) ? before[key] : undefined
    const item = toPlain(member, old, [...path, key])
    if (old === undefined || item !== old) same = false
    made[key] = item
    count += 1
  }
  if (same && before !== undefined && Object.keys(before).length === count) return before
  return own(made)
}

const own = <T extends object>(value: T): T => {
  owned.add(value)
  return Object.freeze(value)
}

/** Structural equality of plain data (anything else equals only itself); the order of an object's keys does not count. */
export const isEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  }
  // Of a Set or a Date the keys say nothing: two of them are never known to be equal.
  if (Array.isArray(b) || !isPlainObject(a) || !isPlainObject(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every(
    (key) => Object.hasOwn(b, key) && isEqual((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]),
  )
}
