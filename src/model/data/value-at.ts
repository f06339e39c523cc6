import { memberOf } from './member-of.ts'
import type { Path } from './not-plain.ts'

/** Returns what plain data has at a path; undefined if it has nothing there. An index may be written as text. */
export const valueAt = (value: unknown, path: Path): unknown => path.reduce<unknown>(itemOf, value)

const INDEX = /^(?:0|[1-9]\d*)$/

/** The length of an array is its own, and no item. */
const itemOf = (container: unknown, key: string | number): unknown =>
  Array.isArray(container) && !INDEX.test(String(key)) ? undefined : memberOf(container, key)
