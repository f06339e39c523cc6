import type { Path } from './not-plain.ts'

/** Returns a member of the object or array itself: a key may have the name of an inherited one, such as `constructor`. */
export const memberOf = (container: unknown, key: string | number): unknown =>
  typeof container === 'object' && container !== null && isOwn(container, key)
    ? (container as Record<string | number, unknown>)[key]
    : undefined

/** To ask an array by its length is faster, and a large config has many items (bench: noop). */
const isOwn = (container: object, key: string | number): boolean =>
  Array.isArray(container) && typeof key === 'number' ? key < container.length : Object.hasOwn(container, key)

/** Returns what plain data has at a path; undefined if it has nothing there. An index may be written as text. */
export const valueAt = (value: unknown, path: Path): unknown => path.reduce<unknown>(itemOf, value)

const INDEX = /^(?:0|[1-9]\d*)$/

/** The length of an array is its own, and no item. */
const itemOf = (container: unknown, key: string | number): unknown =>
  Array.isArray(container) && !INDEX.test(String(key)) ? undefined : memberOf(container, key)
