import { findKey, LostMember, offsetOfDepth, parseJson } from '../model/data/json.ts'
import { findJsonError } from '../model/data/json-error.ts'
import { MAX_DEPTH, NotPlain, type Path } from '../model/data/not-plain.ts'
import { lineColumnOf } from '../model/data/number-literal.ts'
import { indexJson } from './json-index.ts'
import type { ParsedText, TextFormat } from './text-format.ts'

const parse = (text: string): ParsedText => {
  try {
    const parsed = parseJson(text)
    if ('value' in parsed) return { kind: 'parsed', value: parsed.value }
    if ('rounded' in parsed) return malformedAt(text, 'document.number-precision', parsed.rounded)
    const { path, key, offset } = parsed.duplicate
    return malformedAt(text, 'document.duplicate-key', { path: [...path, key], offset })
  } catch (error) {
    return refused(error, text)
  }
}

interface Fault {
  readonly path?: Path
  readonly offset: number | undefined
  readonly detail?: string
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
  if (error instanceof LostMember) {
    return malformedAt(
      text,
      'document.malformed',
      { offset: undefined, detail: 'write its keys without escapes' },
      error,
    )
  }
  if (error instanceof NotPlain) {
    const { path } = error
    const code = error.code === 'config.not-plain' ? 'document.malformed' : error.code
    const offset =
      code === 'document.too-deep'
        ? offsetOfDepth(text, MAX_DEPTH)
        : code === 'document.forbidden-key'
          ? findKey(text, '__proto__')?.offset
          : undefined
    return malformedAt(text, code, { path, offset })
  }
  const found = findJsonError(text)
  const detail = found === undefined ? {} : { detail: `expected ${found.expected}` }
  return malformedAt(text, 'document.malformed', { offset: found?.offset, ...detail }, error)
}

/** Strict JSON, without duplicate keys. */
export const jsonFormat: TextFormat = { parse, index: indexJson }
