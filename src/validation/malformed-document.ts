import type { Malformed } from '../api/source.ts'
import { changeoverError, type ChangeoverError, type FailurePlace } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'

/** Makes the error for a document that the source could not form. Segments of a key that the schema does not declare are masked. */
export const malformedError = (
  { code, entry, cause }: Malformed,
  place: FailurePlace,
  visibility: Visibility,
): ChangeoverError => {
  if (entry === undefined) return changeoverError(code, place, cause)
  const { key, index, count, position } = entry
  const at = position === undefined ? '' : `, line ${position.line}, column ${position.column} of its value`
  const detail = `key "${visibility.showKey(key)}", number ${index} of ${count} below the prefix${at}`
  return changeoverError(
    code,
    { ...place, detail, path: visibility.show(key.filter((segment) => segment !== '')) },
    cause,
  )
}
