import { countMembers } from '../data/count-members.ts'
import { hasKeys } from '../data/plain.ts'
import { memberOf } from '../data/value-at.ts'
import { commonEnds } from './shared-ends.ts'
import { type JsonValue, parseJson } from './json.ts'
import { isClosing, JsonWalk, type Level, type Mark, segmentOf } from './json-walk.ts'

/** A text that was parsed, and what it has become. */
export interface KnownJson extends JsonValue {
  readonly text: string
  readonly members: number
  /** Where a walk through the text may begin. */
  readonly marks: readonly Mark[]
}

/** In how many places a text may differ that is not parsed whole. */
const MAX_PLACES = 4

/**
 * Makes the value of a text from that of another one: only what differs is parsed. The value shares with the known one
 * what has not changed, and lacks a member if a key has become duplicate.
 *
 * @returns undefined if that gains nothing, or if something is wrong with what differs
 */
export const changedJson = (known: KnownJson, text: string, markDistance: number): KnownJson | undefined => {
  let changed: KnownJson | undefined = known
  for (let places = 0; changed !== undefined && changed.text !== text; places++) {
    changed = places < MAX_PLACES ? withChange(changed, text, markDistance) : undefined
  }
  // The text itself, not one that was put together: it is kept as it is by others too.
  return changed && { ...changed, text }
}

/**
 * Replaces the members or items that differ, of the smallest object or array that has them all; if they lie far apart,
 * those in the first place. What lies around them is valid, so the whole is valid JSON if they are.
 */
const withChange = (known: KnownJson, text: string, markDistance: number): KnownJson | undefined => {
  const { prefix, suffix } = commonEnds(known.text, text)
  const added = text.length - known.text.length
  const walk = new JsonWalk(known.text, prefix, known.marks, markDistance)
  walk.goTo(prefix)
  const { open } = walk
  const end = known.text.length - suffix
  const isNear = !isLarge(text, end - prefix, end - prefix + added)
  // Far apart: where the first place ends in the new text is not known by its length.
  const newWalk = isNear ? undefined : new JsonWalk(text, prefix, [{ at: open.at(-1)?.start ?? 0, open }])
  walk.goTo(isNear ? end : prefix)
  return replaceDiffering(known, text, { open: open.slice(0, walk.lowest), marks: walk.marks }, (depth) => {
    const partEnd = walk.endOfPart(depth)
    return { end: partEnd, newEnd: newWalk?.endOfPart(depth) ?? partEnd + added }
  })
}

/** Where something differs: the objects and arrays that have all of it. */
type Place = Pick<Mark, 'open'> & Pick<KnownJson, 'marks'>

/** @param endsAt where what differs ends, in the known text and in the new one, as a part of what is open at a depth */
const replaceDiffering = (
  known: KnownJson,
  text: string,
  { open, marks }: Place,
  endsAt: (depth: number) => { readonly end: number; readonly newEnd: number },
): KnownJson | undefined => {
  for (let depth = open.length; depth > 0; depth--) {
    const level = open[depth - 1] as Level
    const { start } = level
    const { end, newEnd } = endsAt(depth)
    if (isLarge(text, end - start, newEnd - start)) return undefined
    const replacedText = known.text.slice(start, end)
    const partText = text.slice(start, newEnd)
    if (partText === replacedText) continue // more of them follow
    const replaced = partOf(replacedText, level)
    const part = partOf(partText, level)
    if (replaced === undefined || part === undefined) continue
    // Between a comma and what follows it there must be something.
    if (part.size === 0 && !(level.index === 0 && isClosing(known.text.charCodeAt(end)))) continue
    const value = replaceIn(known, open.slice(0, depth), (container) => replacePart(container, level, replaced, part))
    if (value === undefined) continue
    return {
      text: text.slice(0, newEnd) + known.text.slice(end),
      value,
      members: known.members - countMembers(replaced.value) + countMembers(part.value),
      hasInexactString: known.hasInexactString || part.hasInexactString,
      marks: moved(marks, { start, end, depth, added: newEnd - end, parts: part.size - replaced.size }),
    }
  }
  return undefined
}

/** True if so much would be parsed, of the known text and of the new one, that it gains nothing. */
const isLarge = (text: string, length: number, newLength: number): boolean => length + newLength > text.length / 2

/** What was replaced, of the object or array at a depth: how many characters and parts were added. */
interface Replaced {
  readonly start: number
  readonly end: number
  readonly depth: number
  readonly added: number
  readonly parts: number
}

/** The marks of a text in which something was replaced. */
const moved = (marks: readonly Mark[], { start, end, depth, added, parts }: Replaced): readonly Mark[] =>
  marks.flatMap(({ at, open }) => {
    if (at <= start) return [{ at, open }]
    if (at <= end) return []
    // Up to the end of the container what lies around it is being passed still.
    const inner = open.findIndex((level) => level.start > end)
    const movedOpen = open.map((level, index) => {
      if (level.start <= end) return level
      const isContainer = index === inner && index === depth - 1
      return { ...level, start: level.start + added, index: level.index + (isContainer ? parts : 0) }
    })
    return [{ at: at + added, open: movedOpen }]
  })

type Container = Readonly<Record<string, unknown>> | readonly unknown[]

/** Some members or items, in an object or array of their own. */
interface Part extends JsonValue {
  readonly value: Container
  /** How many. */
  readonly size: number
}

const partOf = (text: string, { isArray }: Level): Part | undefined => {
  try {
    const parsed = parseJson(isArray ? `[${text}]` : `{${text}}`)
    if (!('value' in parsed)) return undefined
    const value = parsed.value as Container
    return { ...parsed, value, size: Object.keys(value).length }
  } catch {
    return undefined
  }
}

/** Replaces the innermost of the open objects and arrays, and copies those around it. Undefined if it was not replaced. */
const replaceIn = (
  { text, value }: Pick<KnownJson, 'text' | 'value'>,
  [level, ...inner]: readonly Level[],
  replace: (container: Container) => Container | undefined,
): unknown => {
  const container = value as Container
  if (level === undefined || inner.length === 0) return replace(container)
  const segment = segmentOf(text, level)
  const part = replaceIn({ text, value: memberOf(container, segment) }, inner, replace)
  if (part === undefined) return undefined
  return Array.isArray(container) ? container.with(level.index, part) : { ...container, [segment]: part }
}

const replacePart = (
  container: Container,
  { index }: Level,
  { value: replaced, size }: Part,
  { value: part }: Part,
): Container | undefined => {
  if (Array.isArray(container)) {
    const items = part as readonly unknown[]
    return container.slice(0, index).concat(items, container.slice(index + size))
  }
  const oldKeys = Object.keys(replaced)
  return hasKeys(part, oldKeys) ? { ...container, ...part } : withMembers(container, oldKeys, part)
}

/** Puts members in the place of others. Undefined if keys do not come in the order in which they are written. */
const withMembers = (container: Container, oldKeys: readonly string[], part: Container): Container | undefined => {
  // Numbers come first in every object.
  const isOrdered = [container, part].every((of) => !/^\d+$/.test(Object.keys(of)[0] ?? '0'))
  if (!isOrdered) return undefined
  const replaced = new Set(oldKeys)
  const entries = Object.entries(container).flatMap(([key, member]) => {
    if (!replaced.has(key)) return [[key, member] as const]
    return key === oldKeys[0] ? Object.entries(part) : []
  })
  return Object.fromEntries(entries)
}
