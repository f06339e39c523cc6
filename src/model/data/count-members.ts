import { isPrototypePolluted, kindOf, MAX_DEPTH, NotPlain, type Path } from './not-plain.ts'

/** Members and items in a document: a parser's shared references can turn a few bytes into millions. */
const MAX_PARTS = 1_000_000

interface Count {
  parts: number
  members: number
}

/**
 * Counts the members of all objects in a parsed document. Call it before the schema, whose own recursion has no limit.
 *
 * @throws NotPlain if the document is nested too deeply, has too many parts or uses `__proto__`
 */
export const countMembers = (value: unknown): number => {
  const count: Count = { parts: 1, members: 0 }
  hasInherited = isPrototypePolluted()
  const isWithinLimits = typeof value !== 'object' || value === null || countWithin(value, 0, count)
  if (!isWithinLimits) throwExcess(value, [], { parts: 0, members: 0 })
  return count.members
}

/**
 * Copies a parsed document to the bottom, and counts the members of all objects in it.
 *
 * @throws NotPlain as `countMembers` does
 */
export const copyCounted = (value: unknown): { readonly copy: unknown; readonly members: number } => {
  const count: Count = { parts: 1, members: 0 }
  hasInherited = isPrototypePolluted()
  const copy = typeof value === 'object' && value !== null ? copyWithin(value, 0, count) : value
  if (copy === undefined) throwExcess(value, [], { parts: 0, members: 0 })
  return { copy, members: count.members }
}

/** As it was when the count began. */
let hasInherited = false

/** Returns false at the first excess. Keeps no path, since nearly every document is within the limits. */
const countWithin = (container: object, depth: number, count: Count): boolean => {
  if (depth >= MAX_DEPTH) return false
  if (Array.isArray(container)) {
    count.parts += container.length
    if (count.parts > MAX_PARTS) return false
    for (const item of container) {
      if (typeof item === 'object' && item !== null && !countWithin(item, depth + 1, count)) return false
    }
    return true
  }
  // The loop makes no list of the keys.
  for (const key in container) {
    if (isInherited(container, key)) continue
    count.parts += 1
    count.members += 1
    if (key === '__proto__' || count.parts > MAX_PARTS) return false
    const member = (container as Record<string, unknown>)[key]
    if (typeof member === 'object' && member !== null && !countWithin(member, depth + 1, count)) return false
  }
  return true
}

/** Returns undefined at the first excess. */
const copyWithin = (container: object, depth: number, count: Count): object | undefined => {
  if (depth >= MAX_DEPTH) return undefined
  return Array.isArray(container) ? copyItems(container, depth, count) : copyMembers(container, depth, count)
}

const copyItems = (items: readonly unknown[], depth: number, count: Count): object | undefined => {
  count.parts += items.length
  if (count.parts > MAX_PARTS) return undefined
  const copy = items.slice()
  for (let index = 0; index < copy.length; index++) {
    const item = copy[index]
    if (typeof item !== 'object' || item === null) continue
    const copied = copyWithin(item, depth + 1, count)
    if (copied === undefined) return undefined
    copy[index] = copied
  }
  return copy
}

const copyMembers = (members: object, depth: number, count: Count): object | undefined => {
  const copy: Record<string, unknown> = { ...members }
  for (const key in copy) {
    if (hasInherited && !Object.hasOwn(copy, key)) continue
    count.parts += 1
    count.members += 1
    if (key === '__proto__' || count.parts > MAX_PARTS) return undefined
    const member = copy[key]
    if (typeof member !== 'object' || member === null) continue
    const copied = copyWithin(member, depth + 1, count)
    if (copied === undefined) return undefined
    copy[key] = copied
  }
  return copy
}

const isInherited = (container: object, key: string): boolean =>
  (hasInherited || Object.getPrototypeOf(container) !== Object.prototype) && !Object.hasOwn(container, key)

/** Walks again, with the path, and throws at the first excess. */
const throwExcess = (value: unknown, path: Path, count: Count): void => {
  count.parts += 1
  if (count.parts > MAX_PARTS) throw new NotPlain('document.too-large', [], 'object')
  if (typeof value !== 'object' || value === null) return
  if (path.length >= MAX_DEPTH) throw new NotPlain('document.too-deep', path, kindOf(value))
  for (const [key, item] of Array.isArray(value) ? value.entries() : Object.entries(value)) {
    if (key === '__proto__') throw new NotPlain('document.forbidden-key', path, 'object')
    throwExcess(item, typeof item === 'object' ? [...path, key] : path, count)
  }
  // A getter gave the first walk more than this one.
  if (path.length === 0) throw new NotPlain('document.too-large', [], 'object')
}
