import { isPrototypePolluted, kindOf, MAX_DEPTH, NotPlain } from './not-plain.ts'

/**
 * Returns the value as plain, deep-frozen data that is shared with no other code. Parts that equal `previous` are taken
 * from it, so equal data is identical data, and finding what changed costs one walk. The order of keys counts: who walks
 * a config sees it. Members that are `undefined` count as absent, and -0 is 0, as in JSON.
 *
 * @throws NotPlain unless the value consists of objects, arrays, strings, booleans, null, bigints and finite numbers
 */
export const toPlain = (value: unknown, previous?: unknown): unknown => {
  // A slice mostly is a part of a config.
  if (isImmutable(value)) return reuse(value, previous)
  hasInherited = isPrototypePolluted()
  return walk(value, isImmutable(previous) ? previous : undefined, [])
}

/** As it was when the walk began. */
let hasInherited = false

/** Returns true for what `toPlain` has made: plain data that is frozen to the bottom, and so may be shared. */
export const isImmutable = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && Immutable.has(value)

/** What a class extends whose private field brands objects that exist already. */
export class ReturnsItsArgument {
  constructor(value: object) {
    // biome-ignore lint/correctness/noConstructorReturn: the private field of a subclass is added to what is returned
    return value
  }
}

/**
 * Brands an object with a private field, which no other code can see, copy or remove. A WeakSet would do, but takes
 * about a microsecond for each object: toPlain of a replaced 1 MB document takes 9 ms instead of 4, and collections
 * more.
 */
class Immutable extends ReturnsItsArgument {
  #keys: readonly string[] | undefined
  #hash: string | undefined

  static has(value: object): boolean {
    return #keys in value
  }

  /** The keys of an immutable object, listed once: each document is compared with the one before it (bench: noop). */
  static keysOf(value: object): readonly string[] {
    if (!(#keys in value)) return Object.keys(value)
    value.#keys ??= sharedKeys(Object.keys(value))
    return value.#keys
  }

  static hashOf(value: object): string | undefined {
    return #keys in value ? value.#hash : undefined
  }

  static setHash(value: object, hash: string): void {
    if (#keys in value) value.#hash = hash
  }
}

/** The hash that was kept with an immutable object, which stays true because it never changes. */
export const { hashOf: keptHashOf, setHash: keepHash } = Immutable

let lastKeys: readonly string[] = []

const areSame = (keys: readonly string[], others: readonly string[]): boolean =>
  keys === others || (keys.length === others.length && keys.every((key, index) => key === others[index]))

/** Objects in a row mostly have the same keys, and then share the list. */
const sharedKeys = (keys: readonly string[]): readonly string[] => {
  if (!areSame(keys, lastKeys)) lastKeys = keys
  return lastKeys
}

const makeImmutable = <T extends object>(value: T): T => {
  void new Immutable(value)
  return Object.freeze(value)
}

/** The path to the value that is walked: pushed and popped, since only an error needs it. */
type MutablePath = (string | number)[]

/** `previous` is immutable, and so are all its parts. */
const walk = (value: unknown, previous: unknown, path: MutablePath): unknown => {
  if (typeof value !== 'object' || value === null) return checkScalar(value, path)
  if (Immutable.has(value)) return reuse(value, previous)
  if (path.length >= MAX_DEPTH) throw new NotPlain('document.too-deep', [...path], kindOf(value))
  return Array.isArray(value) ? walkArray(value, previous, path) : walkObject(value, previous, path)
}

const reuse = (value: unknown, previous: unknown): unknown =>
  value === previous || !isEqual(value, previous) ? value : previous

const walkPart = (part: unknown, previous: unknown, key: string | number, path: MutablePath): unknown => {
  if (typeof part === 'string' || typeof part === 'boolean') return part
  if (typeof part === 'number' && Number.isFinite(part)) return part === 0 ? 0 : part
  path.push(key)
  const plain = walk(part, previous, path)
  path.pop()
  return plain
}

const checkScalar = (value: unknown, path: MutablePath): unknown => {
  const type = typeof value
  const isPlain =
    value === null || type === 'string' || type === 'boolean' || type === 'bigint' || Number.isFinite(value)
  if (!isPlain) throw new NotPlain('config.not-plain', [...path], kindOf(value))
  return value === 0 ? 0 : value
}

const walkArray = (value: readonly unknown[], previous: unknown, path: MutablePath): unknown => {
  const old: readonly unknown[] = Array.isArray(previous) ? previous : []
  const isSameLength = old.length === value.length && previous === old
  // Copied at the first difference: most arrays have none.
  let copy: unknown[] | undefined = isSameLength ? undefined : new Array(value.length)
  for (let index = 0; index < value.length; index++) {
    const item = walkPart(value[index], old[index], index, path)
    if (copy === undefined) {
      if (item === old[index]) continue
      copy = old.slice(0, index)
    }
    copy[index] = item
  }
  return copy === undefined ? old : makeImmutable(copy)
}

type Members = Readonly<Record<string, unknown>>

const noMembers: Members = Object.freeze({})

const membersOf = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : noMembers

const walkObject = (value: object, previous: unknown, path: MutablePath): unknown => {
  checkPlainObject(value, path)
  const old = membersOf(previous)
  const oldKeys = Immutable.keysOf(old)
  // Copied at the first difference: most objects have none.
  let copy: Record<string, unknown> | undefined
  let count = 0
  // The loop makes no list of the keys; it also finds those that someone has given to all objects.
  for (const key in value) {
    if (!isOwnKey(value, key, path)) continue
    const member = value[key]
    if (member === undefined) continue
    const isInPlace = oldKeys[count] === key
    count += 1
    // Two documents mostly have their keys in the same order, and a comparison is cheaper than a look-up.
    const oldMember = isInPlace || Object.hasOwn(old, key) ? old[key] : undefined
    const item = walkPart(member, oldMember, key, path)
    if (copy === undefined) {
      if (isInPlace && item === oldMember) continue
      copy = copyFirst(old, oldKeys, count - 1)
    }
    copy[key] = item
  }
  if (copy === undefined && old !== noMembers && count === oldKeys.length) return old
  checkNoSymbols(value, path)
  return makeImmutable(copy ?? copyFirst(old, oldKeys, count))
}

/** Checks new objects only, since it is expensive; an old one is returned without the symbols. */
const checkNoSymbols = (value: object, path: MutablePath): void => {
  if (Object.getOwnPropertySymbols(value).length === 0) return
  throw new NotPlain('config.not-plain', [...path], 'other')
}

const isOwnKey = (value: object, key: string, path: MutablePath): boolean => {
  if (key === '__proto__') throw new NotPlain('document.forbidden-key', [...path], 'object')
  return !hasInherited || Object.hasOwn(value, key)
}

const checkPlainObject: (value: object, path: MutablePath) => asserts value is Record<string, unknown> = (
  value,
  path,
) => {
  if (isPlainObject(value)) return
  // An asynchronous select or transform returned it. Its rejection must not end the process.
  if (value instanceof Promise) value.catch(() => {})
  throw new NotPlain('config.not-plain', [...path], 'other')
}

const isPlainObject = (value: object): value is Record<string, unknown> => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/** Copies the members of the first `count` keys, which are the same in the old and the new object. */
const copyFirst = (old: Members, keys: readonly string[], count: number): Record<string, unknown> => {
  const copy: Record<string, unknown> = {}
  for (let index = 0; index < count; index++) {
    const key = keys[index] as string
    copy[key] = old[key]
  }
  return copy
}

/** Returns true if an object has these keys, in this order. */
export const hasKeys = (value: object, keys: readonly string[]): boolean => areSame(Immutable.keysOf(value), keys)

/**
 * Returns true if two pieces of plain data are structurally equal, with the keys of objects in the same order. Anything
 * else equals only itself.
 */
export const isEqual = (a: unknown, b: unknown): boolean => {
  if (a === b) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => isEqual(item, b[index]))
  }
  // The keys of a Set or a Date say nothing, so two of them never count as equal.
  if (Array.isArray(b) || !isPlainObject(a) || !isPlainObject(b)) return false
  const keys = Immutable.keysOf(a)
  return hasKeys(b, keys) && keys.every((key) => isEqual(a[key], b[key]))
}
