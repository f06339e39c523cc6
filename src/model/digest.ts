import { createHash, createHmac } from 'node:crypto'
import { isOwned } from './plain.ts'

// The canonical text of a large part is kept as its hash, so that a small change of a large config costs the path to
// the change. Frozen parts never change, so what is kept stays true.
const kept = new WeakMap<object, string>()
const KEEP_FROM = 512

const canonical = (value: unknown): string => {
  if (typeof value === 'bigint') return `${value}n`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const known = kept.get(value)
  if (known !== undefined) return known
  const text = Array.isArray(value)
    ? `[${value.map(canonical).join(',')}]`
    : `{${Object.keys(value)
        .sort()
        .map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`)
        .join(',')}}`
  if (text.length < KEEP_FROM) return text
  // No JSON text starts with '#', so a hash is never taken for a value.
  const hash = `#${createHash('sha256').update(text).digest('base64')}`
  if (isOwned(value)) kept.set(value, hash)
  return hash
}

/**
 * Keyed hash of a config: equal for equal configs, whatever the order of their keys. Keyed, since a bare hash of a
 * short config could be guessed from a log.
 */
export const digestOf = (config: unknown, key: string): string =>
  createHmac('sha256', key).update(canonical(config)).digest('hex').slice(0, 32)
