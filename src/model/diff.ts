import type { Visibility } from './visibility.ts'
import type { Path } from './not-plain.ts'

/** One difference between two configs. Values stand here only where their path is public. */
export interface Difference {
  readonly path: string
  readonly change: 'added' | 'removed' | 'changed'
  readonly from?: unknown
  readonly to?: unknown
}

/** The differences that are listed; more are only counted. */
const MAX_DIFFERENCES = 200

export interface Diff {
  readonly differences: readonly Difference[]
  /** How many there are in all. */
  readonly count: number
}

/** What differs between two configs, leaf by leaf, redacted. */
export const diffOf = (previous: unknown, next: unknown, visibility: Visibility): Diff => {
  const differences: Difference[] = []
  let count = 0
  const note = (path: Path, change: Difference['change'], from: unknown, to: unknown): void => {
    count += 1
    if (differences.length >= MAX_DIFFERENCES) return
    const shown = visibility.isPublic(path)
    differences.push({
      path: visibility.show(path),
      change,
      ...(shown && from !== undefined ? { from } : {}),
      ...(shown && to !== undefined ? { to } : {}),
    })
  }
  const walk = (from: unknown, to: unknown, path: Path): void => {
    if (from === to) return
    if (from === undefined) return note(path, 'added', from, to)
    if (to === undefined) return note(path, 'removed', from, to)
    const keys = commonShape(from, to)
    if (keys === undefined) return note(path, 'changed', from, to)
    for (const key of keys) {
      const at = Array.isArray(from) ? Number(key) : key
      walk(ownMember(from, key), ownMember(to, key), [...path, at])
    }
  }
  walk(previous, next, [])
  return { differences, count }
}

/** The keys of two objects, or the indexes of two arrays; undefined where they are not of one shape. */
const commonShape = (from: unknown, to: unknown): Iterable<string> | undefined => {
  const areObjects = typeof from === 'object' && typeof to === 'object' && from !== null && to !== null
  if (!areObjects || Array.isArray(from) !== Array.isArray(to)) return undefined
  return new Set([...Object.keys(from), ...Object.keys(to)])
}

/** A key may be one that every object inherits: `constructor`, `toString`. */
const ownMember = (of: unknown, key: string): unknown =>
  Object.hasOwn(of as object, key) ? (of as Record<string, unknown>)[key] : undefined
