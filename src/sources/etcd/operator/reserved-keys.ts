/** What lies beside a key and belongs to Changeover is below this, after the name of the key. */
const MARK = '@changeover/'

const marked = Buffer.from(MARK)

/** True for a key that belongs to Changeover: no document is made of it. */
export const isReservedKey = (key: Uint8Array): boolean =>
  Buffer.from(key.buffer, key.byteOffset, key.length).includes(marked)

/** The keys of a document's history. `@` sorts after `0`, so they are outside `key/`, whichever document that is. */
export const historyKeys = (key: string) => ({
  head: Buffer.from(`${key}${MARK}head`),
  entries: Buffer.from(`${key}${MARK}history/`),
  /** The first key after those of the entries. */
  end: Buffer.from(`${key}${MARK}history0`),
  /** What a fleet keeps. */
  beside: (name: string) => fleetKey(key, name),
  entry: (number: number) => Buffer.from(`${key}${MARK}history/${String(number).padStart(DIGITS, '0')}`),
})

/** The key of something that a fleet keeps beside a document. */
export const fleetKey = (key: string, name: string): Buffer => Buffer.from(`${key}${MARK}${name}`)

const DIGITS = 10

/** The number of an entry, by its key. */
export const entryNumber = (key: Uint8Array): number => Number(Buffer.from(key).toString('utf8').slice(-DIGITS))
