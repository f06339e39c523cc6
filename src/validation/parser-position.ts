import { findJsonError } from '../model/json/json-error.ts'
import { positionOf } from '../model/data/number-literal.ts'
import { errorChain, read } from '../model/permanence.ts'

/**
 * Says where a parser has failed, as text; undefined if its error does not say. Parsers put it into numbers of different
 * names. Numbers that are no place in the text are dropped: they may be anything.
 */
export const parserPosition = (error: unknown, text: string): string | undefined => {
  for (const link of errorChain(error)) {
    const place = lineColumnOf(link, text) ?? offsetOf(link, text) ?? aliasPosition(link, text)
    if (place !== undefined) return `${place}${yamlRule(link)}`
  }
  return error instanceof SyntaxError ? jsonPosition(error, text) : undefined
}

/** What the package yaml calls the rules of YAML. Its messages quote the document. */
const yamlRules: Readonly<Record<string, string>> = {
  BAD_ALIAS: 'expected an alias of an anchor before it',
  BAD_DQ_ESCAPE: 'expected an escape that YAML knows',
  BAD_INDENT: 'expected another indentation, or the end of a list or object in brackets',
  BAD_SCALAR_START: 'expected quotes around a text that begins with this character',
  BLOCK_AS_IMPLICIT_KEY: 'expected a line of its own for an object within an object',
  BLOCK_IN_FLOW: 'expected brackets within brackets',
  DUPLICATE_KEY: 'expected a key that the object does not have yet',
  KEY_OVER_1024_CHARS: 'expected a shorter key',
  MISSING_CHAR: 'expected a quote, a bracket, a colon or a comma',
  MULTILINE_IMPLICIT_KEY: 'expected a key on one line',
  MULTIPLE_ANCHORS: 'expected one anchor',
  MULTIPLE_DOCS: 'expected one document',
  MULTIPLE_TAGS: 'expected one tag',
  NON_STRING_KEY: 'expected a text as key',
  TAB_AS_INDENT: 'expected spaces instead of tabs',
  UNEXPECTED_TOKEN: 'expected something else here',
}

const yamlRule = (error: object): string => {
  const code = read(error, 'code')
  return typeof code === 'string' && Object.hasOwn(yamlRules, code) ? `: ${yamlRules[code]}` : ''
}

/** yaml says no place for an alias without an anchor, but which one. */
const aliasPosition = (error: object, text: string): string | undefined => {
  const name = /^Unresolved alias .*: (\S+)$/.exec(String(read(error, 'message')))?.[1]
  const at = name === undefined ? -1 : text.indexOf(`*${name}`)
  return at === -1 || at !== text.lastIndexOf(`*${name}`)
    ? undefined
    : `${positionOf(text, at)}: ${yamlRules.BAD_ALIAS}`
}

const lineColumnOf = (error: object, text: string): string | undefined => {
  const [linePos] = listOf(read(error, 'linePos')) // yaml
  if (isObject(linePos)) return placeIn(text, read(linePos, 'line'), read(linePos, 'col'))
  const mark = read(error, 'mark') // js-yaml counts from 0
  if (isObject(mark)) return placeIn(text, plusOne(read(mark, 'line')), plusOne(read(mark, 'column')))
  const line = read(error, 'line') ?? read(error, 'lineNumber') // TOML parsers and json5
  return placeIn(text, line, read(error, 'column') ?? read(error, 'columnNumber') ?? read(error, 'col'))
}

/** jsonc-parser and others count characters. */
const offsetOf = (error: object, text: string): string | undefined => {
  const offset = read(error, 'offset') ?? read(error, 'pos')
  return isWithin(offset, 0, text.length) ? positionOf(text, offset) : undefined
}

/** A `JSON.parse` in the user's parser: its message holds an offset in some versions of Node, and the text may be another. */
const jsonPosition = (error: SyntaxError, text: string): string | undefined => {
  const found = findJsonError(text)
  if (found === undefined) return undefined
  const written = /at position (\d+)/.exec(String(read(error, 'message')))?.[1]
  return written === undefined || Number(written) === found.offset ? positionOf(text, found.offset) : undefined
}

const placeIn = (text: string, line: unknown, column: unknown): string | undefined => {
  const lines = text.split(/\r\n|\r|\n/)
  if (!isWithin(line, 1, lines.length)) return undefined
  const isColumn = isWithin(column, 1, (lines[line - 1] ?? '').length + 1)
  return isColumn ? `line ${line}, column ${column}` : `line ${line}`
}

const isWithin = (value: unknown, least: number, most: number): value is number =>
  Number.isInteger(value) && (value as number) >= least && (value as number) <= most

const plusOne = (value: unknown): unknown => (typeof value === 'number' ? value + 1 : value)

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

const listOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
