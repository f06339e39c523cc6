import { ChangeoverError, changeoverError, type Failure, type FailurePlace, failure } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'
import { kindOf, type Path } from '../model/data/not-plain.ts'
import type { SchemaIssue } from '../model/schema.ts'

/** Issues that an error lists; a document that is wrong throughout needs no more. */
const MAX_ISSUES = 20

/** Makes one error of a schema's issues, without their messages, which may quote the document. */
export const refusalOf = (
  issues: readonly SchemaIssue[],
  input: unknown,
  visibility: Visibility,
  place: FailurePlace,
): ChangeoverError => {
  const failures = issues.slice(0, MAX_ISSUES).map((issue): Failure => {
    const path = pathOf(issue, input)
    const code = issueCodeOf(issue)
    const found = { path: visibility.show(path), kind: kindOf(valueAt(input, path)) }
    return failure('schema.invalid', { ...place, ...found, ...(code === undefined ? {} : { detail: code }) }, issue)
  })
  const [first, ...rest] = failures
  return first === undefined ? changeoverError('schema.invalid', place) : new ChangeoverError(first, rest)
}

// What zod calls its issues; another vendor's `code` may be made from data.
const issueCodes = new Set(
  'custom invalid_element invalid_format invalid_key invalid_type invalid_union invalid_value not_multiple_of too_big too_small unrecognized_keys'.split(
    ' ',
  ),
)

/** The kind of an issue, if its schema names one that holds no data. */
const issueCodeOf = (issue: SchemaIssue): string | undefined => {
  const { code } = issue as { readonly code?: unknown }
  return typeof code === 'string' && issueCodes.has(code) ? code : undefined
}

/** The issue's path. A number that is not an index of an array may be data, so it becomes a key like any other. */
const pathOf = ({ path = [] }: SchemaIssue, input: unknown): Path => {
  let at = input
  return path.map((segment) => {
    const key = typeof segment === 'object' ? segment.key : segment
    const shown = typeof key === 'number' && Array.isArray(at) ? key : String(key)
    at = memberOf(at, shown)
    return shown
  })
}

const memberOf = (value: unknown, key: string | number): unknown => {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return undefined
  return (value as Record<string | number, unknown>)[key]
}

const valueAt = (input: unknown, path: Path): unknown => path.reduce<unknown>(memberOf, input)
