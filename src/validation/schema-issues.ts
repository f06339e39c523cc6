import { ChangeoverError, changeoverError, type Failure, type FailurePlace, failure } from '../model/failure.ts'
import type { SchemaIssue } from '../model/schema.ts'
import type { Visibility } from '../model/visibility.ts'
import { explainIssue } from '../schema/explain-issue.ts'
import { readIssue } from '../schema/read-issue.ts'
import type { SchemaShape } from '../schema/schema-shape.ts'

/** Issues that an error lists; a document that is wrong throughout needs no more. */
const MAX_ISSUES = 20

/** Makes one error of a schema's issues, without their messages, which may quote the document. */
export const refusalOf = (
  issues: readonly SchemaIssue[],
  input: unknown,
  { shape, visibility }: { readonly shape: SchemaShape; readonly visibility: Visibility },
  place: FailurePlace,
): ChangeoverError => {
  if (!Array.isArray(issues)) throw new TypeError('The issues of the schema are no array')
  const failures = new Map<string, Failure>()
  for (const issue of issues.slice(0, MAX_ISSUES) as SchemaIssue[]) {
    for (const read of readIssue(issue, input, shape.input)) {
      for (const explanation of explainIssue(read, input, shape, visibility)) {
        const failed = failure('schema.invalid', { ...place, ...explanation }, issue)
        // Libraries report a number of rules of one place in one issue, or in one each.
        if (!failures.has(failed.message) && failures.size < MAX_ISSUES) failures.set(failed.message, failed)
      }
    }
  }
  const [first, ...rest] = failures.values()
  return first === undefined ? changeoverError('schema.invalid', place) : new ChangeoverError(first, rest)
}
