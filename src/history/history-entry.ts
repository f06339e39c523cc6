import { createHmac, randomBytes } from 'node:crypto'
import { deflateSync, inflateSync } from 'node:zlib'
import { changeoverError } from '../model/failure.ts'

/** How many entries a history keeps. */
export const MAX_ENTRIES = 50

/** The version of what is stored. A reader refuses a later one. */
const LAYOUT_VERSION = 1

/** How a document came to be: `found` was written by something that keeps no history, and is recorded afterwards. */
export type HistoryAction = 'publish' | 'rollback' | 'found'

/** One document that was published. It holds the whole text, so that it needs no other entry. */
export interface HistoryEntry {
  /** Counts from 1, and never returns. */
  readonly number: number
  /** When it was published, as an ISO 8601 text in UTC. */
  readonly time: string
  readonly author: string
  /** Empty if none was given. */
  readonly reason: string
  readonly action: HistoryAction
  /** The number of the entry that a rollback has brought back. */
  readonly to?: number
  /** A hash of the text, keyed with the key of the history. */
  readonly digest: string
  /** Random, so that a writer recognises its own entry. */
  readonly id: string
  readonly text: string
}

/** What a history says about itself. */
export interface HistoryHead {
  /** The number of the newest entry; 0 before the first. */
  readonly number: number
  /** Keys the digests of all entries: a bare hash of a short document could be guessed. */
  readonly digestKey: string
}

export const newHead = (): HistoryHead => ({ number: 0, digestKey: randomBytes(16).toString('hex') })

export const newId = (): string => randomBytes(8).toString('hex')

/** Returns the keyed hash of a document's text. */
export const textDigest = (text: string, { digestKey }: HistoryHead): string =>
  createHmac('sha256', digestKey).update(text).digest('hex').slice(0, 16)

export const encodeHead = ({ number, digestKey }: HistoryHead): Buffer =>
  Buffer.from(JSON.stringify({ schema: LAYOUT_VERSION, number, digestKey }))

/** @throws ChangeoverError `history.damaged` */
export const decodeHead = (bytes: Uint8Array): HistoryHead => {
  const { number, digestKey } = readJson(Buffer.from(bytes).toString('utf8'), 'the head')
  const isHead = Number.isSafeInteger(number) && Number(number) >= 0 && typeof digestKey === 'string'
  if (!isHead) throw damaged('the head')
  return { number: Number(number), digestKey: String(digestKey) }
}

/** Makes the compressed bytes of an entry. */
export const encodeEntry = (entry: HistoryEntry): Buffer =>
  deflateSync(JSON.stringify({ schema: LAYOUT_VERSION, ...entry }), { level: 9 })

/** @throws ChangeoverError `history.damaged` */
export const decodeEntry = (bytes: Uint8Array, number: number): HistoryEntry => {
  const name = `entry ${number}`
  let json: string
  try {
    json = inflateSync(bytes).toString('utf8')
  } catch (error) {
    throw damaged(name, error)
  }
  const { schema: _, ...entry } = readJson(json, name)
  const { time, author, reason, action, digest, id, text } = entry
  const areTexts = [time, author, reason, action, digest, id, text].every((field) => typeof field === 'string')
  if (!areTexts || entry.number !== number) throw damaged(name)
  return entry as unknown as HistoryEntry
}

const readJson = (json: string, name: string): Readonly<Record<string, unknown>> => {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch (error) {
    throw damaged(name, error)
  }
  if (typeof value !== 'object' || value === null) throw damaged(name)
  const { schema } = value as { readonly schema?: unknown }
  if (schema !== LAYOUT_VERSION)
    throw damaged(`${name} is of version ${Number(schema)}, this one reads ${LAYOUT_VERSION}`)
  return value as Readonly<Record<string, unknown>>
}

const damaged = (detail: string, cause?: unknown) => changeoverError('history.damaged', { detail }, cause)
