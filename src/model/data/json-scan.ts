import { isExact, isRoundedNumeral } from './number-literal.ts'

/** What one pass over a valid JSON text finds. */
export interface JsonScan {
  /** Object members: the strings that are followed by a colon. If fewer are parsed, some object has a key twice. */
  readonly members: number
  /** The offset of the first number that does not survive parsing. */
  readonly roundedAt: number | undefined
  readonly hasInexactString: boolean
}

/** Where a string of a text begins, and how many members come before it. */
interface Mark {
  readonly at: number
  readonly members: number
}

/** A text that was scanned. */
interface Scanned extends JsonScan {
  readonly text: string
  readonly marks: readonly Mark[]
}

/** Counts the members and checks the numbers of a valid JSON text, without parsing it. */
export const scanJson = (text: string): JsonScan => scanText(text, unknown, text.length)

/**
 * Scans the texts of one document, one after the other. Of a long text that differs little from the one before only the
 * part that differs is scanned (bench: noop).
 */
export class JsonScanner {
  readonly #distance: number
  #last: Scanned = unknown

  /** @param distance how many characters at least lie between two marks */
  constructor(distance = 4_096) {
    this.#distance = distance
  }

  readonly scan = (text: string): JsonScan => {
    if (text.length < this.#distance) return scanJson(text)
    const scanned = scanText(text, this.#last, this.#distance)
    // What has a rounded number is rejected, so the next text is a change of the one before.
    if (scanned.roundedAt === undefined) this.#last = scanned
    return scanned
  }
}

const unknown: Scanned = { text: '', marks: [], members: 0, roundedAt: undefined, hasInexactString: false }

/** Scans from the last mark before the first difference to the first mark after the last one. */
const scanText = (text: string, last: Scanned, distance: number): Scanned => {
  const { marks, after } = sharedMarks(text, last)
  const from = marks.pop()
  let { members } = from ?? unknown
  let roundedAt: number | undefined
  let hasInexactString = (from !== undefined || after.size > 0) && last.hasInexactString
  let lastMark = -distance
  let start = from?.at ?? 0
  let at = from?.at ?? text.indexOf('"')
  while (at !== -1) {
    roundedAt ??= findRounded(text, start, at)
    const known = after.get(at)
    if (known !== undefined) {
      const added = members - known
      marks.push(...marksFrom(at, after, added))
      return { text, marks, members: last.members + added, roundedAt, hasInexactString }
    }
    if (at - lastMark >= distance) {
      marks.push({ at, members })
      lastMark = at
    }
    const end = endOfString(text, at)
    if (isKey(text, end)) members++
    else if (end - at > SHORTEST_ROUNDED) hasInexactString ||= isInexactString(text, at + 1, end)
    start = end + 1
    at = text.indexOf('"', start)
  }
  return { text, marks, members, roundedAt: roundedAt ?? findRounded(text, start, text.length), hasInexactString }
}

const marksFrom = (from: number, marks: ReadonlyMap<number, number>, added: number): readonly Mark[] =>
  [...marks].flatMap(([at, members]) => (at < from ? [] : [{ at, members: members + added }]))

/**
 * The marks in the parts that a text shares with the one before it: those before the first difference, and those after
 * the last one, with how many members came before them.
 */
const sharedMarks = (text: string, last: Scanned): { marks: Mark[]; after: ReadonlyMap<number, number> } => {
  if (last.marks.length === 0) return { marks: [], after: new Map() }
  const { prefix, suffix } = commonEnds(text, last.text)
  const shift = text.length - last.text.length
  const after = last.marks.filter(({ at }) => at >= last.text.length - suffix)
  return {
    marks: last.marks.filter(({ at }) => at < prefix),
    after: new Map(after.map(({ at, members }) => [at + shift, members])),
  }
}

/** How many characters at the beginning and at the end of two texts are the same; those at the beginning count once. */
const commonEnds = (one: string, other: string): { readonly prefix: number; readonly suffix: number } => {
  const prefix = commonPrefix(one, other)
  const most = Math.min(one.length, other.length) - prefix
  const suffix = longest(most, (from, to) => endOf(one, from, to) === endOf(other, from, to))
  return { prefix, suffix }
}

/** How many characters at the beginning of two texts are the same. */
export const commonPrefix = (one: string, other: string): number =>
  longest(Math.min(one.length, other.length), (from, to) => one.slice(from, to) === other.slice(from, to))

/** The characters whose distance from the end is from `from` to below `to`. */
const endOf = (text: string, from: number, to: number): string => text.slice(text.length - to, text.length - from)

/** Finds the highest number up to `most` below which all is the same. Comparing halves is faster than one by one. */
const longest = (most: number, isSame: (from: number, to: number) => boolean): number => {
  let low = 0
  let high = most
  while (low < high) {
    const middle = Math.ceil((low + high) / 2)
    if (isSame(low, middle)) low = middle
    else high = middle - 1
  }
  return low
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
