import type { Path } from '../../model/data/not-plain.ts'
import type { Schema, SchemaIssue } from '../../model/schema.ts'
import { validateBy } from '../../schema/find-thrower.ts'
import { findReferences, type References } from '../../secrets/references.ts'

/** What a secret may look like: a text, a long one, an address, a number, an id, a key. */
const candidates = [
  'changeover-placeholder',
  'c0ffee00'.repeat(8),
  'https://user:placeholder@placeholder.example:5432/placeholder',
  'placeholder@example.com',
  '12345678',
  '00000000-0000-4000-8000-000000000000',
  'cGxhY2Vob2xkZXI=',
  '-----BEGIN PRIVATE KEY-----\nplaceholder\n-----END PRIVATE KEY-----\n',
  'Aa1!placeholder',
  '1970-01-01T00:00:00.000Z',
  '127.0.0.1',
  'x',
] as const

/** A document whose references to secrets have been replaced. */
export interface Filled {
  readonly input: unknown
  readonly references: References
  /** The places where the schema takes none of the placeholders: only the service can tell. */
  readonly unchecked: readonly Path[]
}

/**
 * Puts placeholders in the place of references to secrets, since a check reads no secrets: at each place the first that the
 * schema takes. Undefined if the document has no references.
 */
export const fillReferences = async (
  schema: Schema,
  input: unknown,
  providers: readonly string[] | undefined,
): Promise<Filled | undefined> => {
  const references = findReferences(input, providers ?? namedProviders(input))
  if (references.malformed.length > 0) return { input, references, unchecked: [] }
  if (references.places.length === 0) return undefined
  const open = references.places.map((path) => ({ path, next: 0 }))
  let filled = input
  for (;;) {
    filled = open.reduce((value, { path, next }) => withValue(value, path, candidates[next]), input)
    const issues = await issuesOf(schema, filled)
    const wrong = open.filter(({ path }) => issues.some((issue) => isAt(issue, path)))
    const left = wrong.filter(({ next }) => next < candidates.length - 1)
    if (left.length === 0) return { input: filled, references, unchecked: wrong.map(({ path }) => path) }
    for (const place of left) place.next += 1
  }
}

const issuesOf = async (schema: Schema, input: unknown): Promise<readonly SchemaIssue[]> => {
  try {
    return (await validateBy(schema, input)).issues ?? []
  } catch {
    return [] // the check itself reports what the schema throws
  }
}

const isAt = ({ path = [] }: SchemaIssue, place: Path): boolean => {
  const keys = path.map((segment) => (typeof segment === 'object' ? segment.key : segment))
  return keys.length >= place.length && place.every((key, index) => String(keys[index]) === String(key))
}

/** Copies the containers on the way to a place, and puts a value there. */
const withValue = (container: unknown, [key, ...rest]: Path, value: unknown): unknown => {
  if (key === undefined) return value
  const inner = withValue((container as Record<string | number, unknown>)[key], rest, value)
  if (Array.isArray(container)) return container.map((item, index) => (index === Number(key) ? inner : item))
  return { ...(container as object), [key]: inner }
}

/** The providers that the document names, for a file that does not say which there are. */
const namedProviders = (input: unknown): readonly string[] => {
  const found = new Set<string>()
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    const { $secret } = value as { readonly $secret?: unknown }
    if (typeof $secret === 'string' && $secret.includes(':')) found.add($secret.split(':', 1)[0] ?? '')
    for (const member of Object.values(value)) walk(member)
  }
  walk(input)
  return [...found]
}
