import { dataOf } from '../api/internal/document-data.ts'
import type { ReadResult } from '../api/source.ts'
import { ignoreRejection, isThenable } from '../async/thenable.ts'
import { copyCounted, countMembers } from '../model/data/count-members.ts'
import { type JsonValue, type ParsedJson, parseJson } from '../model/json/json.ts'
import { findJsonFault } from '../model/json/json-fault.ts'
import { NotPlain } from '../model/data/not-plain.ts'
import { positionOf } from '../model/data/number-literal.ts'
import { findParsedRounded, type RoundedNumber } from '../model/data/rounded-number.ts'
import { ChangeoverError, changeoverError, type FailurePlace } from '../model/failure.ts'
import { refusalText } from '../model/refusal.ts'
import type { Visibility } from '../model/visibility.ts'
import { parserPosition } from './parser-position.ts'
import { takeRequirements, type WithBuilds } from './requirements.ts'

/** A parser of the user. */
export type Parse = (text: string) => unknown

/**
 * Makes data of a document's text, with the user's parser if there is one.
 *
 * @param document if its source has the data that it wrote the text from, that is copied instead of parsing the text
 * @param json how a JSON text is parsed
 * @throws ChangeoverError `document.*` with the line and column, if they are known
 */
export const parseDocument = (
  text: string,
  parse: Parse | undefined,
  visibility: Visibility,
  place: FailurePlace,
  document?: ReadResult,
  json: (text: string) => ParsedJson = parseJson,
): WithBuilds<JsonValue> => {
  let parsed: ParsedJson
  try {
    const written = document && dataOf(document)
    if (parse !== undefined) parsed = callParse(parse, text)
    else parsed = written === undefined ? json(text) : copyWritten(written)
  } catch (error) {
    throw parseError(error, text, parse === undefined, visibility, place)
  }
  if ('value' in parsed) return takeRequirements(parsed, place)
  if ('rounded' in parsed) throw precisionError(parsed.rounded, text, visibility, place)
  const { path, key, offset } = parsed.duplicate
  throw changeoverError('document.duplicate-key', {
    ...place,
    path: visibility.show(path),
    detail: `${namedKey(visibility, path, key)}, ${positionOf(text, offset)}`,
  })
}

/** Makes the error for a number that is not the one that was written. */
export const precisionError = (
  { path, offset }: RoundedNumber,
  text: string,
  visibility: Visibility,
  place: FailurePlace,
): ChangeoverError =>
  changeoverError('document.number-precision', {
    ...place,
    path: visibility.show(path),
    kind: 'number',
    ...(offset === undefined ? {} : { detail: positionOf(text, offset) }),
  })

const namedKey = (visibility: Visibility, path: readonly (string | number)[], key: string): string =>
  visibility.isDeclared([...path, key]) ? `key "${key}"` : 'key *'

const parseError = (
  error: unknown,
  text: string,
  isJson: boolean,
  visibility: Visibility,
  place: FailurePlace,
): ChangeoverError => {
  if (error instanceof ChangeoverError) return error
  if (error instanceof NotPlain) {
    const { code, path, kind } = error
    const position = isJson ? jsonDetail(error, text) : otherPosition(error, text)
    const detail = position === undefined ? {} : { detail: position }
    return changeoverError(code, { ...place, path: visibility.show(path), kind, ...detail })
  }
  if (refusalText(error) !== undefined) return changeoverError('document.refused', place, error)
  const detail = isJson ? jsonDetail(error, text) : parserPosition(error, text)
  return changeoverError('document.malformed', detail === undefined ? place : { ...place, detail }, error)
}

const jsonDetail = (error: unknown, text: string): string | undefined => {
  const { offset, detail } = findJsonFault(error, text)
  const parts = [...(offset === undefined ? [] : [positionOf(text, offset)]), ...(detail === undefined ? [] : [detail])]
  return parts.length === 0 ? undefined : parts.join(': ')
}

/** Of another format than JSON only a key that is written once can be found. */
const otherPosition = ({ code }: NotPlain, text: string): string | undefined => {
  const at = code === 'document.forbidden-key' ? text.indexOf('__proto__') : -1
  return at === -1 || at !== text.lastIndexOf('__proto__') ? undefined : positionOf(text, at)
}

/** The schema may change what it is given, so it gets its own. */
const copyWritten = ({ value, hasInexactString }: JsonValue): JsonValue => ({
  value: copyCounted(value).copy,
  hasInexactString,
})

const callParse = (parse: Parse, text: string): ParsedJson => {
  const value = parse(text)
  if (isThenable(value)) {
    ignoreRejection(value)
    throw new TypeError('parse returned a promise: it is synchronous')
  }
  countMembers(value)
  const rounded = findParsedRounded(text, value)
  return rounded === undefined ? { value, hasInexactString: true } : { rounded }
}
