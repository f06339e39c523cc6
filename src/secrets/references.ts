import type { Path } from '../model/data/not-plain.ts'

/** The key that makes an object a reference. */
const KEY = '$secret'

/** A reference in the document to a secret. */
export interface Reference {
  /** As written: `provider:name`. */
  readonly text: string
  readonly provider: string
  readonly name: string
  /** Where it stands, for the first time. */
  readonly path: Path
}

/** A reference that is none. The reason holds nothing that the document holds. */
export interface Malformed {
  readonly path: Path
  readonly reason: string
}

export interface References {
  /** Each once, by its text. */
  readonly found: ReadonlyMap<string, Reference>
  /** Every place of a reference. */
  readonly places: readonly Path[]
  readonly malformed: readonly Malformed[]
}

const LONGEST_NAME = 512

/** Finds the objects that are references. What is no plain object or list holds none. */
export const findReferences = (input: unknown, providers: Iterable<string>): References => {
  const found = new Map<string, Reference>()
  const places: Path[] = []
  const malformed: Malformed[] = []
  const known = [...providers]
  const walk = (value: unknown, path: Path): void => {
    if (Array.isArray(value)) for (const [index, item] of value.entries()) walkInto(item, path, index)
    else if (!isPlainObject(value)) return
    else if (Object.hasOwn(value, KEY)) note(value, path)
    else for (const [key, member] of Object.entries(value)) walkInto(member, path, key)
  }
  const walkInto = (value: unknown, path: Path, key: string | number): void => {
    if (typeof value === 'object' && value !== null) walk(value, [...path, key])
  }
  const note = (value: Readonly<Record<string, unknown>>, path: Path): void => {
    const read = readReference(value, path, known)
    if ('reason' in read) {
      malformed.push(read)
      return
    }
    places.push(path)
    if (!found.has(read.text)) found.set(read.text, read)
  }
  walk(input, [])
  return { found, places, malformed }
}

/** Copies the input, with a value in the place of each reference. What holds no reference is not copied. */
export const replaceReferences = (input: unknown, valueFor: (reference: string) => string | undefined): unknown => {
  if (Array.isArray(input)) return replaceAll(input, Object.entries(input), () => [...input], valueFor)
  if (!isPlainObject(input)) return input
  if (Object.hasOwn(input, KEY)) return valueFor(String(input[KEY]))
  return replaceAll(input, Object.entries(input), () => ({ ...input }), valueFor)
}

const replaceAll = (
  input: object,
  members: readonly (readonly [string, unknown])[],
  copy: () => object,
  valueFor: (reference: string) => string | undefined,
): object => {
  let copied: Record<string, unknown> | undefined
  for (const [key, member] of members) {
    const replaced = typeof member === 'object' && member !== null ? replaceReferences(member, valueFor) : member
    if (replaced === member) continue
    copied ??= copy() as Record<string, unknown>
    copied[key] = replaced
  }
  return copied ?? input
}

const readReference = (
  value: Readonly<Record<string, unknown>>,
  path: Path,
  known: readonly string[],
): Reference | Malformed => {
  const text = value[KEY]
  if (Object.keys(value).length > 1) return { path, reason: 'other keys stand beside $secret' }
  if (typeof text !== 'string') return { path, reason: '$secret is not a string' }
  const colon = text.indexOf(':')
  if (colon === -1) return { path, reason: 'there is no colon between provider and name' }
  const [provider, name] = [text.slice(0, colon), text.slice(colon + 1)]
  if (!known.includes(provider)) {
    return { path, reason: `there is no such provider; the option secrets has ${known.join(', ') || 'none'}` }
  }
  if (name === '') return { path, reason: `the name of the secret of ${provider} is empty` }
  if (name.length > LONGEST_NAME) return { path, reason: `the name is longer than ${LONGEST_NAME} characters` }
  const isShowable = name.trim() === name && !/[\p{Cc}\p{Surrogate}]/u.test(name)
  if (!isShowable) return { path, reason: 'the name has control characters, or spaces at an end' }
  return { text, provider, name, path }
}

const isPlainObject = (value: unknown): value is Readonly<Record<string, unknown>> => {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
