import { ChangeoverError, changeoverError, type Failure, type FailurePlace, failure } from '../model/failure.ts'
import { refusalTextIn } from '../model/refusal.ts'
import type { SchemaIssue } from '../model/schema.ts'
import type { Visibility } from '../model/visibility.ts'
import { explainIssue } from '../schema/explain-issue.ts'
import { kindAt } from '../schema/find-rules.ts'
import { throwerPathOf } from '../schema/find-thrower.ts'
import { readIssue } from '../schema/read-issue.ts'
import type { SchemaShape } from '../schema/schema-shape.ts'
import type { OriginPlace } from './origin-place.ts'

/** Issues that an error lists; a document that is wrong throughout needs no more. */
const MAX_ISSUES = 20

interface Describes {
  readonly shape: SchemaShape
  readonly visibility: Visibility
}

/** Makes one error of a schema's issues, without their messages, which may quote the document. */
export const refusalOf = (
  issues: readonly SchemaIssue[],
  input: unknown,
  by: Describes,
  place: FailurePlace,
  originOf: OriginPlace = () => ({}),
): ChangeoverError => {
  if (!Array.isArray(issues)) throw new TypeError('The issues of the schema are no array')
  const failures = new Map<string, Failure>()
  for (const issue of issues.slice(0, MAX_ISSUES) as SchemaIssue[]) {
    // Libraries report a number of rules of one place in one issue, or in one each.
    for (const failed of failuresOf(issue, input, by, { place, originOf })) failures.set(failed.message, failed)
  }
  const [first, ...rest] = [...failures.values()].slice(0, MAX_ISSUES)
  return first === undefined ? changeoverError('schema.invalid', place) : new ChangeoverError(first, rest)
}

/** Where the rule sits that has thrown, if that could be told. */
export const throwerPlace = (error: unknown, input: unknown, visibility: Visibility): FailurePlace => {
  const path = throwerPathOf(error)
  return path === undefined ? {} : { path: visibility.show(path), ...kindAt(input, path) }
}

const failuresOf = (
  issue: SchemaIssue,
  input: unknown,
  { shape, visibility }: Describes,
  { place: given, originOf }: { readonly place: FailurePlace; readonly originOf: OriginPlace },
): readonly Failure[] => {
  const text = refusalTextIn((issue as { readonly message?: unknown } | null)?.message)
  return readIssue(issue, input, shape.input).flatMap((read) => {
    const place = { ...given, ...originOf([...read.path, ...read.unknownKeys.slice(0, 1)]) }
    return explainIssue(read, input, shape, visibility).map((explanation) => {
      if (text === undefined) return failure('schema.invalid', { ...place, ...explanation }, issue)
      return failure('schema.refused', { ...place, ...explanation, detail: text }, issue)
    })
  })
}
