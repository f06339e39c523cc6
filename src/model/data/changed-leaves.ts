import { memberOf } from './member-of.ts'
import type { Path } from './not-plain.ts'

/**
 * Yields the path of each leaf that two configs do not have in common: a value, or an object or array without members. What
 * is added or removed as a whole counts leaf by leaf. Members are compared by identity first, so equal parts that are the
 * same object cost nothing.
 *
 * @param isSkipped returns true for a part whose leaves are of no interest
 */
export function* changedLeaves(
  from: unknown,
  to: unknown,
  isSkipped: (path: Path, from: unknown, to: unknown) => boolean = () => false,
  path: Path = [],
): Generator<Path, void, undefined> {
  if (from === to || isSkipped(path, from, to)) return
  const before = membersOf(from)
  const after = membersOf(to)
  const isLeafChanged = (before === undefined && from !== undefined) || (after === undefined && to !== undefined)
  const wereEmpty = isEmpty(from) && isEmpty(to) && Array.isArray(from) === Array.isArray(to)
  if (isLeafChanged && !wereEmpty) yield path
  if (before !== undefined && after !== undefined && Array.isArray(from) !== Array.isArray(to)) {
    yield* changedLeaves(from, undefined, isSkipped, path)
    yield* changedLeaves(undefined, to, isSkipped, path)
    return
  }
  for (const key of keysOf(before, after)) {
    const [one, other] = [memberOf(before, key), memberOf(after, key)]
    // Of a large config nearly all parts are equal, and need no path (bench: noop).
    if (one !== other) yield* changedLeaves(one, other, isSkipped, [...path, key])
  }
}

/** The keys or indexes of two containers of a kind, each once. */
const keysOf = (before: object | undefined, after: object | undefined): Iterable<string | number> => {
  const [some, others = {}] = before === undefined ? [after] : [before, after]
  if (Array.isArray(some)) return Array(Math.max(some.length, Array.isArray(others) ? others.length : 0)).keys()
  const keys = Object.keys(some ?? {})
  for (const key of Object.keys(others)) if (some === undefined || !Object.hasOwn(some, key)) keys.push(key)
  return keys
}

/** The object or array if it has members. */
const membersOf = (value: unknown): object | undefined =>
  typeof value === 'object' && value !== null && Object.keys(value).length > 0 ? value : undefined

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && membersOf(value) === undefined
