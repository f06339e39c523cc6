import type { Document, Malformed, ReadResult } from '../../api/source.ts'
import { jsonFormat } from '../../formats/json-format.ts'
import type { ParsedText } from '../../formats/text-format.ts'
import { decodeContent } from '../../validation/decode-content.ts'

/** A layer's document as data, or why it is none. `text` is undefined if the bytes are not UTF-8. */
export type ParsedLayer = ParsedText & { readonly text?: string }

/** Each document is parsed once, and as long as it is in use. */
const parsed = new WeakMap<Document, ParsedLayer>()

export const parsedLayer = (document: Document): ParsedLayer => {
  const known = parsed.get(document)
  if (known !== undefined) return known
  const made = parse(document.content)
  parsed.set(document, made)
  return made
}

const parse = (content: string | Uint8Array): ParsedLayer => {
  const text = decode(content)
  if (text === undefined) return { kind: 'malformed', code: 'document.encoding', place: {} }
  if (text.trim() === '') return { kind: 'malformed', code: 'document.empty', place: {}, text }
  return { ...jsonFormat.parse(text), text }
}

const decode = (content: string | Uint8Array): string | undefined => {
  try {
    return decodeContent(content, {})
  } catch {
    return undefined
  }
}

/** The result for a layer whose document cannot be used. */
export const brokenLayer = (
  { code, place, cause }: Extract<ParsedText, { kind: 'malformed' }>,
  name: string,
  { revision }: Pick<ReadResult, 'revision'>,
): Malformed => ({
  kind: 'malformed',
  revision,
  code,
  place,
  layers: [name],
  ...(cause === undefined ? {} : { cause }),
})
