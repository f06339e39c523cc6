import type { Path } from '../../model/data/not-plain.ts'
import type { Visibility } from '../../model/visibility.ts'
import { replaceReferences } from '../../secrets/references.ts'

const text = (path: Path): string => (path.length === 0 ? '(root)' : path.join('.'))

/** Shows every key and every value: `--show-values`. */
export const allVisible: Visibility = {
  hidden: [],
  show: text,
  showKey: (segments) => segments.join('/'),
  isDeclared: () => true,
  isPublic: () => true,
}

/** Merges two documents, so that a key of either can be looked up. Values are those of the second. */
export const merged = (one: unknown, other: unknown): unknown => {
  if (!isObject(one) || !isObject(other)) return other ?? one
  const keys = new Set([...Object.keys(one), ...Object.keys(other)])
  return Object.fromEntries([...keys].map((key) => [key, merged(one[key], other[key])]))
}

/** A reference to a secret is one value, not an object. */
export const shown = (data: unknown): unknown => replaceReferences(data, (reference) => `$secret ${reference}`)

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
