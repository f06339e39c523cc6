import { isExact, isRoundedNumeral } from '../data/number-literal.ts'

/** What one pass over a valid JSON text finds. */
export interface JsonScan {
  /** Object members: the strings that are followed by a colon. If fewer are parsed, some object has a key twice. */
  readonly members: number
  /** The offset of the first number that does not survive parsing. */
  readonly roundedAt: number | undefined
  readonly hasInexactString: boolean
}

/** Counts the members and checks the numbers of a valid JSON text, or of some members or items of one, without parsing it. */
export const scanJson = (text: string): JsonScan => {
  let members = 0
  let roundedAt: number | undefined
  let hasInexactString = false
  let start = 0
  for (let at = text.indexOf('"'); at !== -1; at = text.indexOf('"', start)) {
    roundedAt ??= findRounded(text, start, at)
    const end = endOfString(text, at)
    if (isKey(text, end)) members++
    else if (end - at > SHORTEST_ROUNDED) hasInexactString ||= isInexactString(text, at + 1, end)
    start = end + 1
  }
  return { members, roundedAt: roundedAt ?? findRounded(text, start, text.length), hasInexactString }
}

/** The shortest literal that does not survive parsing, and the longest without an exponent that always does. */
const SHORTEST_ROUNDED = '1e309'.length
const LONGEST_SAFE = '999999999999999'.length

/** No text is looked at any further than an address needs. */
const LONGEST_ADDRESS = 64

/**
 * Returns true for a string that `Number` may round. Its first character tells of nearly all strings that they are none,
 * and one that no numeral has tells it of addresses, times and paths.
 */
const isInexactString = (text: string, from: number, to: number): boolean => {
  const first = text.charCodeAt(from)
  if (first > NINE && first < 128 && first !== BACKSLASH) return false
  for (let at = from; at < to && at < from + LONGEST_ADDRESS; at++) {
    const code = text.charCodeAt(at)
    if (code === COLON || code === SLASH || code === COMMA) return false
  }
  const content = text.slice(from, to)
  return content.includes('\\') || isRoundedNumeral(content)
}

/** Finds the first number between two strings of a JSON text that does not survive parsing. */
const findRounded = (text: string, from: number, to: number): number | undefined => {
  if (to - from < SHORTEST_ROUNDED) return undefined
  for (let at = from; at < to; at++) {
    if (!isDigit(text.charCodeAt(at))) continue
    const start = text.charCodeAt(at - 1) === MINUS ? at - 1 : at
    let hasExponent = false
    for (at++; at < to; at++) {
      const code = text.charCodeAt(at)
      if (code === UPPER_E || code === LOWER_E) hasExponent = true
      else if (!isDigit(code) && code !== POINT && code !== PLUS && code !== MINUS) break
    }
    if ((hasExponent || at - start > LONGEST_SAFE) && !isExact(text.slice(start, at))) return start
  }
  return undefined
}

const PLUS = 43
const COMMA = 44
const MINUS = 45
const POINT = 46
const SLASH = 47
const ZERO = 48
const NINE = 57
const COLON = 58
const UPPER_E = 69
const BACKSLASH = 92
const LOWER_E = 101

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE

/** True for a blank between the tokens of a JSON text. */
export const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

export const isKey = (text: string, end: number): boolean => {
  let next = end + 1
  while (isSpace(text.charCodeAt(next))) next++
  return text.charCodeAt(next) === COLON
}

export const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}
