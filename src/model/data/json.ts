import { countMembers } from './count-members.ts'
import type { Path } from './not-plain.ts'

/** The value of a JSON text, or the path of an object in it that has a key twice. */
export type ParsedJson = { readonly value: unknown } | { readonly duplicate: Path }

/**
 * Parses strict JSON and finds duplicate keys by counting: `JSON.parse` drops one of the two, so fewer members are
 * parsed than were written.
 *
 * @throws SyntaxError if the text is not JSON; {@link LostMember} if the engine lost a member; NotPlain if the value is
 * nested too deeply, has too many parts or uses `__proto__`
 */
export const parseJson = (text: string): ParsedJson => {
  const value: unknown = JSON.parse(text)
  const isComplete = countMembers(value) === countWrittenMembers(text)
  // If keys may be escaped, equal counts are no proof: see LostMember.
  if (isComplete && !text.includes('\\')) return { value }
  const duplicate = findDuplicateKey(text)
  if (duplicate !== undefined) return { duplicate }
  if (isComplete) return { value }
  throw new LostMember()
}

/**
 * Thrown if the parsed value has fewer members than the text, though no key is duplicate. V8 in Node 24.21 can lose a
 * member whose key is written with an escape; the document is then rejected.
 */
export class LostMember extends SyntaxError {}

/**
 * Counts the object members in a valid JSON text: the strings that are followed by a colon. If the parsed value has
 * fewer members, some object has a key twice.
 */
export const countWrittenMembers = (text: string): number => {
  let count = 0
  let at = text.indexOf('"')
  while (at !== -1) {
    const end = endOfString(text, at)
    if (isKey(text, end)) count++
    at = text.indexOf('"', end + 1)
  }
  return count
}

/** Returns the path of the first object in a valid JSON text that has a key twice. */
export const findDuplicateKey = (text: string): Path | undefined => {
  const open: Level[] = []
  let at = 0
  while (at < text.length) {
    const level = open.at(-1)
    switch (text[at]) {
      case '{':
        open.push({ keys: new Set(), segment: '' })
        break
      case '[':
        open.push({ keys: undefined, segment: 0 })
        break
      case '}':
      case ']':
        open.pop()
        break
      case ',':
        if (level?.keys === undefined && typeof level?.segment === 'number') level.segment += 1
        break
      case '"': {
        const end = endOfString(text, at)
        if (level?.keys !== undefined && isKey(text, end)) {
          const key: string = JSON.parse(text.slice(at, end + 1))
          if (level.keys.has(key)) return open.slice(0, -1).map(({ segment }) => segment)
          level.keys.add(key)
          level.segment = key
        }
        at = end
        break
      }
      default:
    }
    at += 1
  }
  return undefined
}

interface Level {
  /** The keys seen so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  /** The key or index of the value that is being read. */
  segment: string | number
}

const COLON = 58
const BACKSLASH = 92

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
