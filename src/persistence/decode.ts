import type { Revision } from '../model/revision.ts'
import type { ConfigAttempt, Frozen, Good, Journal, Quarantined } from './journal.ts'

/** Thrown where a value is not what an entry holds. It says nothing of the value. */
class BadShape extends Error {}

/** How many attempts a journal holds at most. */
export const MAX_ATTEMPTS = 32

/** How many quarantined digests a journal holds at most. */
export const MAX_QUARANTINED = 256

/** How long a string is at most, in UTF-16 units; only a good's text may be longer. */
export const MAX_STRING = 8192

/** How high a count or a sequence is at most, so that there is room for those that come after it. */
const MAX_COUNT = 2 ** 52

type Members = Readonly<Record<string, unknown>>

const objectOf = (value: unknown): Members => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new BadShape()
  return value as Members
}

// Own members only: what somebody hung on Object.prototype is no part of an entry.
const member = (of: Members, key: string): unknown => (Object.hasOwn(of, key) ? of[key] : undefined)

const stringOf = (value: unknown, { least = 0, most = MAX_STRING } = {}): string => {
  if (typeof value !== 'string' || value.length < least || value.length > most) throw new BadShape()
  return value
}

const numberOf = (value: unknown): number => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new BadShape()
  return value
}

const countOf = (value: unknown): number => {
  if (!Number.isSafeInteger(value) || (value as number) < 0 || (value as number) > MAX_COUNT) throw new BadShape()
  return value as number
}

const booleanOf = (value: unknown): boolean => {
  if (typeof value !== 'boolean') throw new BadShape()
  return value
}

const listOf = <T>(value: unknown, most: number, toItem: (item: unknown) => T): readonly T[] => {
  if (!Array.isArray(value) || value.length > most) throw new BadShape()
  // Not map, which leaves holes as they are.
  return Object.freeze(Array.from(value as readonly unknown[], toItem))
}

/** `{ [key]: read(value) }`, or nothing where the member is absent. */
const optional = <const K extends string, T>(of: Members, key: K, read: (value: unknown) => T): { [P in K]?: T } => {
  const value = member(of, key)
  return value === undefined ? {} : ({ [key]: read(value) } as { [P in K]?: T })
}

const idOf = (value: unknown): string => stringOf(value, { least: 1 })
const wordOf = (value: unknown): string => stringOf(value)

const toRevision = (value: unknown): Revision => {
  const from = objectOf(value)
  return Object.freeze({
    lineage: wordOf(member(from, 'lineage')),
    order: numberOf(member(from, 'order')),
    name: wordOf(member(from, 'name')),
  })
}

/** The value as a good of its own, made of known members only. @throws BadShape */
export const toGood = (value: unknown): Good => {
  const from = objectOf(value)
  return Object.freeze({
    sequence: countOf(member(from, 'sequence')),
    savedAt: numberOf(member(from, 'savedAt')),
    revision: toRevision(member(from, 'revision')),
    digest: idOf(member(from, 'digest')),
    text: stringOf(member(from, 'text'), { most: Number.POSITIVE_INFINITY }),
  })
}

const toAttempt = (value: unknown): ConfigAttempt => {
  const from = objectOf(value)
  return Object.freeze({
    digest: idOf(member(from, 'digest')),
    build: wordOf(member(from, 'build')),
    revision: wordOf(member(from, 'revision')),
    startedAt: numberOf(member(from, 'startedAt')),
    deaths: countOf(member(from, 'deaths')),
    isOpen: booleanOf(member(from, 'isOpen')),
    confirm: booleanOf(member(from, 'confirm')),
  })
}

const toQuarantined = (value: unknown): Quarantined => {
  const from = objectOf(value)
  return Object.freeze({
    digest: idOf(member(from, 'digest')),
    build: wordOf(member(from, 'build')),
    revision: wordOf(member(from, 'revision')),
    code: wordOf(member(from, 'code')),
    ...optional(from, 'causeCode', wordOf),
    ...optional(from, 'module', wordOf),
    ...optional(from, 'phase', wordOf),
    count: countOf(member(from, 'count')),
    since: numberOf(member(from, 'since')),
    ...optional(from, 'until', numberOf),
  })
}

const toFrozen = (value: unknown): Frozen => {
  const from = objectOf(value)
  return Object.freeze({
    reason: wordOf(member(from, 'reason')),
    since: numberOf(member(from, 'since')),
    ...optional(from, 'revertTo', idOf),
  })
}

/** The value as a journal of its own, made of known members only. @throws BadShape */
export const toJournal = (value: unknown): Journal => {
  const from = objectOf(value)
  return Object.freeze({
    digestKey: idOf(member(from, 'digestKey')),
    attempts: listOf(member(from, 'attempts'), MAX_ATTEMPTS, toAttempt),
    quarantine: listOf(member(from, 'quarantine'), MAX_QUARANTINED, toQuarantined),
    ...optional(from, 'frozen', toFrozen),
  })
}
