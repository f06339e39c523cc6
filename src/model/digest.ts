import { createHash, createHmac } from 'node:crypto'
import { isImmutable } from './plain.ts'

// The canonical text of a part that is not tiny is kept as its hash, so that a small change of a large config costs the
// path to the change. Frozen parts never change, so what is kept stays true.
const kept = new WeakMap<object, string>()
const KEEP_FROM = 128

const canonical = (value: unknown): string => {
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return String(value)
  const known = kept.get(value)
  if (known !== undefined) return known
  const text = Array.isArray(value) ? canonicalArray(value) : canonicalObject(value as Record<string, unknown>)
  if (text.length < KEEP_FROM) return text
  // No JSON text starts with '#', so a hash is never taken for a value.
  const hash = `#${createHash('sha256').update(text).digest('base64')}`
  if (isImmutable(value)) kept.set(value, hash)
  return hash
}

const canonicalArray = (items: readonly unknown[]): string => {
  let text = '['
  for (let index = 0; index < items.length; index++) text += `${index === 0 ? '' : ','}${canonical(items[index])}`
  return `${text}]`
}

const canonicalObject = (members: Readonly<Record<string, unknown>>): string => {
  let text = '{'
  for (const key of Object.keys(members).sort()) {
    text += `${text === '{' ? '' : ','}${JSON.stringify(key)}:${canonical(members[key])}`
  }
  return `${text}}`
}

/**
 * Keyed hash of a config: equal for equal configs, whatever the order of their keys. Keyed, since a bare hash of a
 * short config could be guessed from a log.
 */
export const digestOf = (config: unknown, key: string): string =>
  createHmac('sha256', key).update(canonical(config)).digest('hex').slice(0, 32)
