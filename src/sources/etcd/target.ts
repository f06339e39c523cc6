import { invalid, resolveKey, type EtcdSourceOptions } from './options.ts'
import type { Values } from './prefix-document.ts'

/** What is read and watched. */
export type Target =
  | { readonly kind: 'key'; readonly key: Buffer }
  | { readonly kind: 'prefix'; readonly key: Buffer; readonly end: Buffer; readonly values: Values }

/** Checks the options that say what is read. */
export const resolveTarget = (options: EtcdSourceOptions): Target => {
  const { key, prefix, values = 'text' } = options
  if (key !== undefined && prefix !== undefined) throw invalid('key', 'cannot be given together with prefix')
  if (key !== undefined) return { kind: 'key', key: Buffer.from(resolveKey(options, 'key', key)) }
  if (prefix === undefined) throw invalid('key', 'or prefix must be given')
  if (values !== 'text' && values !== 'json') throw invalid('values', "takes 'text' or 'json'")
  const whole = resolveKey(options, 'prefix', prefix)
  // With the slash, /myapp does not take in the keys of /myapp2.
  const folder = Buffer.from(whole.endsWith('/') ? whole : `${whole}/`)
  return { kind: 'prefix', key: folder, end: endOfFolder(folder), values }
}

// The first key that is no longer inside: a folder ends in a slash, and `0` is the byte that follows it.
const endOfFolder = (folder: Buffer): Buffer => {
  const end = Buffer.from(folder)
  end[end.length - 1] = '0'.charCodeAt(0)
  return end
}
