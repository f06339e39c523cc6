import type { Revision } from '../model/revision.ts'
import type { Owner } from './sharing/owner.ts'
import {
  type ConfigAttempt,
  type Frozen,
  type Good,
  type Journal,
  MAX_ATTEMPTS,
  MAX_QUARANTINED,
  type Quarantined,
  type StoredSecret,
} from './persisted-state.ts'

/** The longest string, in UTF-16 units; only a good's text may be longer. */
export const MAX_STRING = 8192

/** The highest count or sequence; leaves room for those that follow it. */
const MAX_COUNT = 2 ** 52

/** The longest secret, in UTF-16 units, and the most of one document. */
const MAX_SECRET = 1_048_576
const MAX_SECRETS = 100_000

/** Returns the value as a T of its own. Throws if it is none; the error does not quote the value. */
type Decode<T> = (value: unknown) => T

/** A decoder for each member; only that of an optional member may return `undefined`. */
type Members<T> = { readonly [K in keyof T]-?: Decode<object extends Pick<T, K> ? T[K] | undefined : T[K]> }

const expectShape = (isExpected: boolean): void => {
  if (!isExpected) throw new TypeError('unexpected shape')
}

const checked =
  <T>(isValid: (value: unknown) => boolean): Decode<T> =>
  (value) => {
    expectShape(isValid(value))
    return value as T
  }

const stringOf = (minLength: number, maxLength: number): Decode<string> =>
  checked((value) => typeof value === 'string' && value.length >= minLength && value.length <= maxLength)

const optional =
  <T>(decode: Decode<T>): Decode<T | undefined> =>
  (value) =>
    value === undefined ? undefined : decode(value)

const listOf =
  <T>(decode: Decode<T>, maxLength: number): Decode<readonly T[]> =>
  (value) => {
    expectShape(Array.isArray(value) && value.length <= maxLength)
    // Unlike `map`, `Array.from` does not skip holes.
    return Object.freeze(Array.from(value as readonly unknown[], (item) => decode(item)))
  }

/** Keeps own, known members only, in the order of `members`. */
const objectOf =
  <T extends object>(members: Members<T>): Decode<T> =>
  (value) => {
    expectShape(typeof value === 'object' && value !== null && !Array.isArray(value))
    const own = new Map(Object.entries(value as object))
    const decoded = Object.entries<Decode<unknown>>(members).map(
      ([key, decode]) => [key, decode(own.get(key))] as const,
    )
    return Object.freeze(Object.fromEntries(decoded.filter(([, member]) => member !== undefined))) as T
  }

const name = stringOf(0, MAX_STRING)
const id = stringOf(1, MAX_STRING)
const time = checked<number>(Number.isFinite)
const flag = checked<boolean>((value) => typeof value === 'boolean')
const count = checked<number>(
  (value) => Number.isSafeInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT,
)

/** Throws if the value is not an owner. */
export const decodeOwner = objectOf<Owner>({
  host: name,
  boot: name,
  space: name,
  pid: count,
  started: name,
  instance: name,
})

/** Throws if the value is not a good. */
export const decodeGood = objectOf<Good>({
  sequence: count,
  savedAt: time,
  revision: objectOf<Revision>({ lineage: name, order: time, name }),
  digest: id,
  text: stringOf(0, Number.POSITIVE_INFINITY),
  secrets: optional(
    listOf(objectOf<StoredSecret>({ reference: id, value: stringOf(1, MAX_SECRET), version: name }), MAX_SECRETS),
  ),
})

/** Throws if the value is not a journal. */
export const decodeJournal = objectOf<Journal>({
  version: optional(count),
  digestKey: id,
  attempts: listOf(
    objectOf<ConfigAttempt>({
      digest: id,
      build: name,
      revision: name,
      startedAt: time,
      deaths: count,
      isOpen: flag,
      confirm: flag,
      owner: optional(decodeOwner),
    }),
    MAX_ATTEMPTS,
  ),
  quarantine: listOf(
    objectOf<Quarantined>({
      digest: id,
      build: name,
      revision: name,
      code: name,
      causeCode: optional(name),
      module: optional(name),
      phase: optional(name),
      count,
      since: time,
      until: optional(time),
    }),
    MAX_QUARANTINED,
  ),
  frozen: optional(objectOf<Frozen>({ reason: name, by: optional(name), since: time, revertTo: optional(id) })),
})
