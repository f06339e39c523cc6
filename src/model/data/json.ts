import { countMembers } from './count-members.ts'
import type { Path } from './not-plain.ts'
import { isExact, isRoundedNumeral } from './number-literal.ts'
import type { RoundedNumber } from './rounded-number.ts'

/** A key of an object in a JSON text: the path of the object, and the key's offset in the text. */
export interface FoundKey {
  readonly path: Path
  readonly key: string
  readonly offset: number
}

/** The value of a JSON text, a key in it that its object has twice, or a number in it that is rounded. */
export type ParsedJson =
  | {
      readonly value: unknown
      /** True if some string may be a number that does not survive being parsed. */
      readonly hasInexactString: boolean
    }
  | { readonly duplicate: FoundKey }
  | { readonly rounded: RoundedNumber }

/**
 * Parses strict JSON and finds duplicate keys by counting: `JSON.parse` drops one of the two, so fewer members are
 * parsed than were written. Nor does it say that a number was rounded, so the literals are compared with what they
 * become.
 *
 * @throws SyntaxError if the text is not JSON; {@link LostMember} if the engine lost a member; NotPlain if the value is
 * nested too deeply, has too many parts or uses `__proto__`
 */
export const parseJson = (text: string): ParsedJson => {
  const value: unknown = JSON.parse(text)
  const { members, roundedAt, hasInexactString } = scanJson(text)
  const isComplete = countMembers(value) === members
  // If keys may be escaped, equal counts are no proof: see LostMember.
  if (!isComplete || text.includes('\\')) {
    const duplicate = findDuplicateKey(text)
    if (duplicate !== undefined) return { duplicate }
    if (!isComplete) throw new LostMember()
  }
  return roundedAt === undefined
    ? { value, hasInexactString }
    : { rounded: { path: pathAt(text, roundedAt), offset: roundedAt } }
}

/**
 * Thrown if the parsed value has fewer members than the text, though no key is duplicate. V8 in Node 24.21 can lose a
 * member whose key is written with an escape; the document is then rejected.
 */
export class LostMember extends SyntaxError {}

/** What one pass over a valid JSON text finds. */
interface JsonScan {
  /** Object members: the strings that are followed by a colon. If fewer are parsed, some object has a key twice. */
  readonly members: number
  /** The offset of the first number that does not survive parsing. */
  readonly roundedAt: number | undefined
  readonly hasInexactString: boolean
}

/** Counts the members and checks the numbers of a valid JSON text, without parsing it. */
export const scanJson = (text: string): JsonScan => {
  let members = 0
  let roundedAt: number | undefined
  let hasInexactString = false
  let start = 0
  let at = text.indexOf('"')
  while (at !== -1) {
    roundedAt ??= findRounded(text, start, at)
    const end = endOfString(text, at)
    if (isKey(text, end)) members++
    else if (end - at > SHORTEST_ROUNDED) hasInexactString ||= isInexactString(text, at + 1, end)
    start = end + 1
    at = text.indexOf('"', start)
  }
  return { members, roundedAt: roundedAt ?? findRounded(text, start, text.length), hasInexactString }
}

/** The shortest literal that does not survive parsing, and the longest without an exponent that always does. */
const SHORTEST_ROUNDED = '1e309'.length
const LONGEST_SAFE = '999999999999999'.length

/** Returns true for a string that `Number` may round. Its first character tells of nearly all strings that they are none. */
const isInexactString = (text: string, from: number, to: number): boolean => {
  const code = text.charCodeAt(from)
  if (code > NINE && code < 128 && code !== BACKSLASH) return false
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

/** Finds the first key in a valid JSON text that its object has twice. */
export const findDuplicateKey = (text: string): FoundKey | undefined => foundKey(walkUntil(text, { isDuplicate: true }))

/** Finds the first key with this name in a valid JSON text, however it is written. */
export const findKey = (text: string, key: string): FoundKey | undefined => foundKey(walkUntil(text, { key }))

/** Returns the offset of the first object or array in a valid JSON text that lies this deep. */
export const offsetOfDepth = (text: string, depth: number): number | undefined => {
  const { offset } = walkUntil(text, { depth })
  return offset === text.length ? undefined : offset
}

/** Returns the path of the value at an offset of a valid JSON text without duplicate keys. */
const pathAt = (text: string, offset: number): Path => pathOf(walkUntil(text, { offset }).open)

const pathOf = (levels: readonly Level[]): Path => levels.map(({ segment }) => segment)

const foundKey = ({ open, key, offset }: Walk): FoundKey | undefined =>
  key === undefined ? undefined : { path: pathOf(open.slice(0, -1)), key, offset }

/** What a walk looks for. */
interface Goal {
  readonly offset?: number
  readonly key?: string
  readonly isDuplicate?: boolean
  readonly depth?: number
}

interface Walk {
  /** The objects and arrays that are open where the walk has ended. */
  readonly open: readonly Level[]
  readonly offset: number
  /** The key that the walk was looking for, if it has found it. */
  readonly key?: string
}

const walkUntil = (text: string, goal: Goal): Walk => {
  const open: Level[] = []
  const { offset: end = text.length } = goal
  for (let at = 0; at < end; at++) {
    const level = open.at(-1)
    switch (text[at]) {
      case '{':
      case '[':
        if (open.length === goal.depth) return { open, offset: at }
        open.push(text[at] === '{' ? { keys: new Set(), segment: '' } : { keys: undefined, segment: 0 })
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (typeof level?.segment === 'number') level.segment += 1
        break
      case '"': {
        const start = at
        at = endOfString(text, start)
        if (level?.keys === undefined || !isKey(text, at)) break
        const key: string = JSON.parse(text.slice(start, at + 1))
        if (isGoal(goal, key, level.keys)) return { open, offset: start, key }
        level.keys.add(key)
        level.segment = key
        break
      }
      default:
    }
  }
  return { open, offset: end }
}

const isGoal = (goal: Goal, key: string, seen: ReadonlySet<string>): boolean =>
  key === goal.key || (goal.isDuplicate === true && seen.has(key))

interface Level {
  /** The keys seen so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  /** The key or index of the value that is being read. */
  segment: string | number
}

const PLUS = 43
const MINUS = 45
const POINT = 46
const ZERO = 48
const NINE = 57
const COLON = 58
const UPPER_E = 69
const BACKSLASH = 92
const LOWER_E = 101

const isDigit = (code: number): boolean => code >= ZERO && code <= NINE

const isSpace = (code: number): boolean => code === 32 || code === 10 || code === 13 || code === 9

const isKey = (text: string, end: number): boolean => {
  let next = end + 1
  while (isSpace(text.charCodeAt(next))) next++
  return text.charCodeAt(next) === COLON
}

const endOfString = (text: string, start: number): number => {
  let end = text.indexOf('"', start + 1)
  while (end !== -1) {
    let slashes = 0
    while (text.charCodeAt(end - 1 - slashes) === BACKSLASH) slashes++
    if (slashes % 2 === 0) return end
    end = text.indexOf('"', end + 1)
  }
  return text.length
}
