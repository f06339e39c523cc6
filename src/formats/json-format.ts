import { parseJson } from '../model/json/json.ts'
import { findJsonFault, type JsonFault } from '../model/json/json-fault.ts'
import { NotPlain, type Path } from '../model/data/not-plain.ts'
import { lineColumnOf } from '../model/data/number-literal.ts'
import { indexJson } from './json-index.ts'
import type { ParsedText, TextFormat } from './text-format.ts'

const parse = (text: string): ParsedText => {
  try {
    const parsed = parseJson(text)
    if ('value' in parsed) return { kind: 'parsed', ...parsed }
    if ('rounded' in parsed) return malformedAt(text, 'document.number-precision', parsed.rounded)
    const { path, key, offset } = parsed.duplicate
    return malformedAt(text, 'document.duplicate-key', { path: [...path, key], offset })
  } catch (error) {
    return refused(error, text)
  }
}

interface Fault extends JsonFault {
  readonly path?: Path
}

type Malformed = Extract<ParsedText, { kind: 'malformed' }>

/** Makes the result for a text that is at fault at an offset. */
export const malformedAt = (
  text: string,
  code: Malformed['code'],
  { path, offset, detail }: Fault,
  cause?: unknown,
): Malformed => ({
  kind: 'malformed',
  code,
  place: {
    ...(path === undefined ? {} : { path }),
    ...(offset === undefined ? {} : { position: lineColumnOf(text, offset) }),
    ...(detail === undefined ? {} : { detail }),
  },
  ...(cause === undefined ? {} : { cause }),
})

const refused = (error: unknown, text: string): ParsedText => {
  const fault = findJsonFault(error, text)
  if (!(error instanceof NotPlain)) return malformedAt(text, 'document.malformed', fault, error)
  const { path } = error
  const code = error.code === 'config.not-plain' ? 'document.malformed' : error.code
  return malformedAt(text, code, { ...fault, path })
}

/** Strict JSON, without duplicate keys. */
export const jsonFormat: TextFormat = { parse, index: indexJson }
