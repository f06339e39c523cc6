import { findJsonError } from '../model/data/json-error.ts'
import { positionOf } from '../model/data/number-literal.ts'
import { errorChain, read } from '../model/permanence.ts'

/**
 * Says where a parser has failed, as text; undefined if its error does not say. Parsers put it into numbers of different
 * names. Numbers that are no place in the text are dropped: they may be anything.
 */
export const parserPosition = (error: unknown, text: string): string | undefined => {
  for (const link of errorChain(error)) {
    const place = lineColumnOf(link, text) ?? offsetOf(link, text)
    if (place !== undefined) return place
  }
  return error instanceof SyntaxError ? jsonPosition(error, text) : undefined
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
