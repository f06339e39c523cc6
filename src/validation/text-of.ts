import type { ReadResult } from '../api/source.ts'
import type { Moment } from '../model/error-codes.ts'
import { changeoverError, type FailurePlace } from '../model/failure.ts'
import type { Visibility } from '../model/visibility.ts'
import type { BuilderSettings } from './builder-settings.ts'
import { decodeContent } from './decode-content.ts'
import { malformedError } from './malformed-document.ts'

/**
 * Returns the text of a document.
 *
 * @throws ChangeoverError `document.*` if there is none, or if it is too large or empty
 */
export const textOf = (
  document: ReadResult,
  place: FailurePlace,
  moment: Moment,
  { source, maxDocumentBytes: limit }: BuilderSettings,
  visibility: Visibility,
): string => {
  const refuse = (code: 'document.missing' | 'document.empty'): never => {
    throw changeoverError(code, { ...place, detail: `${source.name} ${source.endpoint}` }, undefined, moment)
  }
  if (document.kind === 'missing') return refuse('document.missing')
  if (document.kind === 'malformed') throw malformedError(document, place, visibility)
  const { content } = document
  const size = typeof content === 'string' ? Buffer.byteLength(content) : content.byteLength
  if (size > limit) {
    throw changeoverError('document.too-large', { ...place, detail: `${size} bytes, the limit is ${limit}` })
  }
  const text = decodeContent(content, place)
  return text.trim() === '' ? refuse('document.empty') : text
}
