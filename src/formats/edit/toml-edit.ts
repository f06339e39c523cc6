import type { Path } from '../../model/data/not-plain.ts'
import { indexToml } from '../toml-index.ts'
import { NotEditable } from './not-editable.ts'

/** A string, in one of the four ways of TOML, or anything else up to the end of the value. */
const VALUE = /"""[\s\S]*?"""|'''[\s\S]*?'''|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^,\]}#\s]+(?: [\d:.+-]+Z?)?/y

/** Sets a value in a TOML text that is there already, and is no table or list: where a new one belongs is for a person to say. */
export const editToml = (text: string, path: Path, value: unknown): string => {
  const offset = indexToml(text).offsetOf(path)
  if (offset === undefined) throw new NotEditable('in TOML only a value that is there can be replaced')
  const isText = typeof value === 'string'
  if (!isText && typeof value !== 'number' && typeof value !== 'boolean') {
    throw new NotEditable('in TOML only a text, a number or true and false can be set')
  }
  if (/[[{]/.test(text[offset] ?? '')) throw new NotEditable('in TOML no table and no list can be replaced')
  VALUE.lastIndex = offset
  const old = VALUE.exec(text)?.[0] ?? ''
  // JSON's escapes are TOML's, but for the character that ends the range.
  const literal = isText ? JSON.stringify(value).replace(/\u007F/g, '\\u007f') : String(value)
  return text.slice(0, offset) + literal + text.slice(offset + old.length)
}
