import type { Path } from './not-plain.ts'

/** Returns what plain data has at a path; undefined if it has nothing there. An index may be written as text. */
export const valueAt = (value: unknown, path: Path): unknown => path.reduce<unknown>(memberOf, value)

const INDEX = /^(?:0|[1-9]\d*)$/

const memberOf = (container: unknown, key: string | number): unknown => {
  if (typeof container !== 'object' || container === null || !Object.hasOwn(container, key)) return undefined
  // The length of an array is its own, and no member.
  if (Array.isArray(container) && !INDEX.test(String(key))) return undefined
  return (container as Record<string | number, unknown>)[key]
}
