import type { Malformed, MalformedPlace } from '../api/source.ts'
import { changeoverError, type ChangeoverError, type FailurePlace } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'

/** Makes the error for a document that the source could not form. Segments of a key that the schema does not declare are masked. */
export const malformedError = (
  { code, entry, place: fault, layers, cause }: Malformed,
  given: FailurePlace,
  visibility: Visibility,
): ChangeoverError => {
  const place = { ...given, ...(layers === undefined ? {} : { layers }) }
  if (entry === undefined) return changeoverError(code, { ...place, ...faultOf(fault, visibility) }, cause)
  const { key, index, count, position } = entry
  const at = position === undefined ? '' : `, ${positionText(position)} of its value`
  const detail = `key "${visibility.showKey(key)}", number ${index} of ${count} below the prefix${at}`
  return changeoverError(
    code,
    { ...place, detail, path: visibility.show(key.filter((segment) => segment !== '')) },
    cause,
  )
}

type Position = NonNullable<MalformedPlace['position']>

const positionText = ({ line, column }: Position): string => `line ${line}, column ${column}`

const faultOf = (fault: MalformedPlace | undefined, visibility: Visibility): FailurePlace => {
  const { path, position, detail } = fault ?? {}
  const parts = [position && positionText(position), detail].filter((part) => part !== undefined)
  return {
    ...(path === undefined ? {} : { path: visibility.show(path) }),
    ...(parts.length === 0 ? {} : { detail: parts.join(': ') }),
  }
}
