import { memberOf } from './value-at.ts'
import type { Path } from './not-plain.ts'
import type { Visibility } from '../visibility.ts'

/** One difference between two configs. It holds values only if its path is public. */
export interface Difference {
  readonly path: string
  /** `reordered` if the keys of an object are in another order; the values are then the lists of its keys. */
  readonly change: 'added' | 'removed' | 'changed' | 'reordered'
  readonly from?: unknown
  readonly to?: unknown
}

/** The differences between two configs, leaf by leaf. */
export interface Diff {
  /** The first 200. */
  readonly differences: readonly Difference[]
  /** How many there are in all. */
  readonly count: number
}

const MAX_DIFFERENCES = 200

/** Compares two configs leaf by leaf, and leaves out all values that are not public. */
export const diffOf = (previous: unknown, next: unknown, visibility: Visibility): Diff => {
  const differences: Difference[] = []
  let count = 0
  const add = (path: Path, change: Difference['change'], from: unknown, to: unknown): void => {
    count += 1
    if (differences.length >= MAX_DIFFERENCES) return
    const isShown = visibility.isPublic(path)
    differences.push({
      path: visibility.show(path),
      change,
      ...(isShown && from !== undefined ? { from } : {}),
      ...(isShown && to !== undefined ? { to } : {}),
    })
  }
  const walk = (from: unknown, to: unknown, path: Path): void => {
    if (from === to) return
    if (from === undefined) return add(path, 'added', from, to)
    if (to === undefined) return add(path, 'removed', from, to)
    const keys = keysOfBoth(from, to)
    if (keys === undefined) return add(path, 'changed', from, to)
    for (const key of keys) {
      const segment = Array.isArray(from) ? Number(key) : key
      walk(memberOf(from, key), memberOf(to, key), [...path, segment])
    }
    if (isReordered(from as object, to as object)) {
      add(path, 'reordered', Object.keys(from as object), Object.keys(to as object))
    }
  }
  walk(previous, next, [])
  return { differences, count }
}

/** Returns the keys of two objects, or the indexes of two arrays; undefined for anything else. */
const keysOfBoth = (from: unknown, to: unknown): Iterable<string> | undefined => {
  const areObjects = typeof from === 'object' && typeof to === 'object' && from !== null && to !== null
  if (!areObjects || Array.isArray(from) !== Array.isArray(to)) return undefined
  return new Set([...Object.keys(from), ...Object.keys(to)])
}

/** Returns true if the keys that two objects have in common are in another order; a key that comes or goes moves none. */
const isReordered = (from: object, to: object): boolean => {
  const kept = Object.keys(from).filter((key) => Object.hasOwn(to, key))
  let index = 0
  return Object.keys(to).some((key) => Object.hasOwn(from, key) && key !== kept[index++])
}
