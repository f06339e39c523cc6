import { keepHash, keptHashOf } from './plain.ts'

let loaded: typeof import('node:crypto') | undefined

/** Returns `node:crypto`, which is loaded for the first reloader: it takes longer than most of this package (bench: import). */
export const crypto = (): typeof import('node:crypto') => {
  loaded ??= process.getBuiltinModule('node:crypto')
  return loaded
}

/**
 * Returns a keyed hash of a config: equal for equal configs, with their keys in the same order. A bare hash of a short
 * config in a log could be guessed. A hash that is cut in half cannot be extended, so it needs no HMAC (bench: reload).
 */
export const digestOf = (config: unknown, key: string): string =>
  crypto()
    .hash('sha256', key + (isObject(config) ? textOf(config) : canonicalText(config)))
    .slice(0, 32)

/** Returns a hash of a document's content. It is not keyed, so it must not be shown. */
export const hashOf = (content: string | Uint8Array): string => crypto().hash('sha256', content, 'base64')

// The hash of a larger part is kept, so a small change of a large config costs only the path to it (bench: noop).
const MIN_HASHED_LENGTH = 128

const canonicalText = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (!isObject(value)) return String(value)
  const kept = keptHashOf(value)
  // No JSON text starts with '#', so a hash is never mistaken for a value.
  if (kept !== undefined) return `#${kept}`
  const text = textOf(value)
  if (text.length < MIN_HASHED_LENGTH) return text
  const hash = crypto().hash('sha256', text, 'base64')
  keepHash(value, hash)
  return `#${hash}`
}

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null

/** The text of an object, which holds the hashes of its larger parts. */
const textOf = (value: object): string =>
  Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as Record<string, unknown>)

const canonicalArray = (items: readonly unknown[]): string => {
  let text = '['
  for (let index = 0; index < items.length; index++) text += `${index === 0 ? '' : ','}${canonicalText(items[index])}`
  return `${text}]`
}

const canonicalObject = (members: Readonly<Record<string, unknown>>): string => {
  let text = '{'
  for (const key of Object.keys(members)) {
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${canonicalText(members[key])}`
  }
  return `${text}}`
}
