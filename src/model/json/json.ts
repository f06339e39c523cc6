import { countMembers } from '../data/count-members.ts'
import { endOfString, isKey, type JsonScan, scanJson } from './json-scan.ts'
import { JsonWalk, segmentOf } from './json-walk.ts'
import type { Path } from '../data/not-plain.ts'
import type { RoundedNumber } from '../data/rounded-number.ts'

/** A key of an object in a JSON text: the path of the object, and the key's offset in the text. */
export interface FoundKey {
  readonly path: Path
  readonly key: string
  readonly offset: number
}

/** The value of a JSON text. */
export interface JsonValue {
  readonly value: unknown
  /** True if some string may be a number that does not survive being parsed. */
  readonly hasInexactString: boolean
}

/** A key in a JSON text that its object has twice, or a number in it that is rounded. */
export type JsonFlaw = { readonly duplicate: FoundKey } | { readonly rounded: RoundedNumber }

export type ParsedJson = JsonValue | JsonFlaw

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
  const scan = scanJson(text)
  return findJsonFlaw(text, scan, countMembers(value)) ?? { value, hasInexactString: scan.hasInexactString }
}

/**
 * Finds what the parser does not say of a text that it has accepted: a duplicate key, or a rounded number.
 *
 * @param parsed the members that the parsed value has
 * @throws LostMember
 */
export const findJsonFlaw = (text: string, { members, roundedAt }: JsonScan, parsed: number): JsonFlaw | undefined => {
  const isComplete = parsed === members
  // If keys may be escaped, equal counts are no proof: see LostMember.
  if (!isComplete || text.includes('\\')) {
    const duplicate = findDuplicateKey(text)
    if (duplicate !== undefined) return { duplicate }
    if (!isComplete) throw new LostMember()
  }
  return roundedAt === undefined ? undefined : { rounded: { path: pathAt(text, roundedAt), offset: roundedAt } }
}

/**
 * Thrown if the parsed value has fewer members than the text, though no key is duplicate. V8 in Node 24.21 can lose a
 * member whose key is written with an escape; the document is then rejected.
 */
export class LostMember extends SyntaxError {}

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
const pathAt = (text: string, offset: number): Path => {
  const walk = new JsonWalk(text)
  walk.goTo(offset)
  return walk.open.map((level) => segmentOf(text, level))
}

const pathOf = (levels: readonly Level[]): Path => levels.map(({ segment }) => segment)

const foundKey = ({ open, key, offset }: Walk): FoundKey | undefined =>
  key === undefined ? undefined : { path: pathOf(open.slice(0, -1)), key, offset }

/** What a walk looks for. */
interface Goal {
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
  for (let at = 0; at < text.length; at++) {
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
  return { open, offset: text.length }
}

const isGoal = (goal: Goal, key: string, seen: ReadonlySet<string>): boolean =>
  key === goal.key || (goal.isDuplicate === true && seen.has(key))

interface Level {
  /** The keys seen so far; undefined in an array. */
  readonly keys: Set<string> | undefined
  /** The key or index of the value that is being read. */
  segment: string | number
}
