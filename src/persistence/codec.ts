import { crypto } from '../model/data/digest.ts'
import { decodeGood, decodeJournal, decodeOwner } from './decode.ts'
import type { Owner } from './sharing/owner.ts'
import type { Good, Journal } from './persisted-state.ts'

/** The largest entry, in bytes of UTF-8: 16 MiB. */
export const MAX_ENTRY_BYTES = 16 * 1024 * 1024

/** The first bytes of every entry, whatever its format version. */
export const MARK = 'changeover/'

const VERSION = '1'
const MAX_HEADER = 128

/** Why an entry cannot be used. */
export type RefusalCode = 'persistence.damaged' | 'persistence.foreign'

/** What a text turned out to be. */
export type Decoded<T> =
  | { readonly kind: 'valid'; readonly value: T }
  | { readonly kind: 'refused'; readonly code: RefusalCode }

/** Thrown by a store of ours that finds something else in an entry's place. Becomes a failure with that code. */
export class UnusableEntry extends Error {
  override readonly name = 'UnusableEntry'
  readonly code: RefusalCode

  constructor(code: RefusalCode) {
    super(code)
    this.code = code
  }
}

export interface Codec<T> {
  /** Returns the text of an entry, or `undefined` if the value could not be read back. */
  readonly encode: (value: T) => string | undefined
  /** Reads the text of an entry. Never throws. */
  readonly decode: (text: unknown) => Decoded<T>
}

const damaged = Object.freeze({ kind: 'refused', code: 'persistence.damaged' })
const foreign = Object.freeze({ kind: 'refused', code: 'persistence.foreign' })

/**
 * An entry is a header line `changeover/<format> <kind> <sha256 of the rest>` and one line of JSON. The checksum finds
 * torn writes and accidents. It is not a signature: whoever may write the entry can forge one.
 */
const codecOf = <T>(kind: string, decodeValue: (value: unknown) => T): Codec<T> => {
  const headerOf = (body: string): string =>
    `${MARK}${VERSION} ${kind} ${crypto().createHash('sha256').update(body, 'utf8').digest('hex')}`

  const encode = (value: T): string | undefined => {
    try {
      const body = `${JSON.stringify(decodeValue(value))}\n`
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
      return { kind: 'valid', value: decodeValue(JSON.parse(body)) }
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

export const goodCodec = codecOf<Good>('good', decodeGood)
export const journalCodec = codecOf<Journal>('journal', decodeJournal)
export const ownerCodec = codecOf<Owner>('owner', decodeOwner)
