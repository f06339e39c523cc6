import { memberOf } from './value-at.ts'
import type { Path } from './not-plain.ts'

/**
 * Yields the path of each leaf that two configs do not have in common: a value, or an object or array without members. What
 * is added or removed as a whole counts leaf by leaf. Members are compared by identity first, so equal parts that are the
 * same object cost nothing.
 *
 * @param isSkipped returns true for a part whose leaves are of no interest
 */
export function* changedLeaves(from: unknown, to: unknown, isSkipped: IsSkipped = () => false): ChangedLeaves {
  if (from !== to && !isSkipped([], from, to)) yield* leavesOf(from, to, isSkipped, [])
}

type ChangedLeaves = Generator<Path, void, undefined>
/** The path is that of this call only. */
type IsSkipped = (path: Path, from: unknown, to: unknown) => boolean

/** The leaves of a part that differs. A part that is skipped costs neither a generator nor a path of its own (bench: apply). */
function* leavesOf(from: unknown, to: unknown, isSkipped: IsSkipped, path: (string | number)[]): ChangedLeaves {
  const before = membersOf(from)
  const after = membersOf(to)
  const isLeafChanged = (before === undefined && from !== undefined) || (after === undefined && to !== undefined)
  const wereEmpty = isEmpty(from) && isEmpty(to) && Array.isArray(from) === Array.isArray(to)
  if (isLeafChanged && !wereEmpty) yield [...path]
  if (before !== undefined && after !== undefined && Array.isArray(from) !== Array.isArray(to)) {
    if (!isSkipped(path, from, undefined)) yield* leavesOf(from, undefined, isSkipped, path)
    if (!isSkipped(path, undefined, to)) yield* leavesOf(undefined, to, isSkipped, path)
    return
  }
  for (const key of keysOf(before, after)) {
    const one = memberOf(before, key)
    const other = memberOf(after, key)
    // Of a large config nearly all parts are equal, and need no path (bench: noop).
    if (one === other) continue
    path.push(key)
    if (!isSkipped(path, one, other)) yield* leavesOf(one, other, isSkipped, path)
    path.pop()
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
  typeof value === 'object' && value !== null && hasMembers(value) ? value : undefined

/** Without a list of the keys (bench: apply). */
const hasMembers = (value: object): boolean => {
  if (Array.isArray(value)) return value.length > 0
  // A polluted prototype shows here, and has nothing to say.
  for (const key in value) if (Object.hasOwn(value, key)) return true
  return false
}

const isEmpty = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && membersOf(value) === undefined
