import { changeoverError, type FailurePlace } from '../model/failure.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Applies the same rules to text and bytes: drops a leading byte order mark, refuses what UTF-8 cannot hold. */
export const decodeContent = (content: string | Uint8Array, place: FailurePlace): string => {
  if (typeof content === 'string') {
    if (!content.isWellFormed()) throw changeoverError('document.encoding', place)
    return content.startsWith('\uFEFF') ? content.slice(1) : content
  }
  try {
    return utf8.decode(content)
  } catch (error) {
    throw changeoverError('document.encoding', place, error)
  }
}
