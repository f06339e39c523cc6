import { createHash } from 'node:crypto'
import { toGood, toJournal } from './decode.ts'
import type { Good, Journal } from './journal.ts'

/** No entry is larger, in bytes of UTF-8: 16 MiB. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024

/** Every entry, of whatever format version, begins so. */
export const MARK = 'changeover/'

const VERSION = '1'
const MAX_HEADER = 128

/** What a text turned out to be. */
export type Decoded<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'refused'; readonly code: 'persistence.damaged' | 'persistence.foreign' }

interface Codec<T> {
  /** The text of an entry; `undefined` where the value is not one that could be read again. */
  readonly encode: (value: T) => string | undefined
  /** What the text of an entry holds. Never throws. */
  readonly decode: (text: unknown) => Decoded<T>
}

const damaged = Object.freeze({ kind: 'refused', code: 'persistence.damaged' })
const foreign = Object.freeze({ kind: 'refused', code: 'persistence.foreign' })

/**
 * A header line `changeover/<format> <kind> <sha256 of the rest>`, then one line of JSON. The checksum finds what was torn
 * or has changed by accident. It is no signature: who may write the entry can make one that is accepted.
 */
const codecOf = <T>(kind: string, rebuild: (value: unknown) => T): Codec<T> => {
  const headerOf = (body: string): string =>
    `${MARK}${VERSION} ${kind} ${createHash('sha256').update(body, 'utf8').digest('hex')}`

  const encode = (value: T): string | undefined => {
    try {
      const body = `${JSON.stringify(rebuild(value))}\n`
      const text = `${headerOf(body)}\n${body}`
      return Buffer.byteLength(text) > MAX_ENTRY_BYTES ? undefined : text
    } catch {
      return undefined
    }
  }

  const decode = (text: unknown): Decoded<T> => {
    if (typeof text !== 'string' || text.length > MAX_ENTRY_BYTES) return damaged
    const headerEnd = text.slice(0, MAX_HEADER).indexOf('\n')
    if (isOfAnotherVersion(text)) return foreign
    if (headerEnd === -1) return damaged
    try {
      const body = text.slice(headerEnd + 1)
      if (text.slice(0, headerEnd) !== headerOf(body)) return damaged
      return { kind: 'valid', value: rebuild(JSON.parse(body)) }
    } catch {
      return damaged
    }
  }

  return { encode, decode }
}

const isOfAnotherVersion = (text: string): boolean => {
  if (!text.startsWith(MARK)) return false
  const version = /^\d+(?=\s)/.exec(text.slice(MARK.length, MAX_HEADER))?.[0]
  return version !== undefined && version !== VERSION
}

/** Equal for equal texts of entries: the header, since it holds the checksum. */
export const idOf = (text: string): string => text.slice(0, text.indexOf('\n'))

/** The text of a good. */
export const goodCodec: Codec<Good> = codecOf('good', toGood)

/** The text of the journal. */
export const journalCodec: Codec<Journal> = codecOf('journal', toJournal)
