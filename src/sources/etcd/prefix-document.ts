import type { FindOrigins, Malformed } from '../../api/source.ts'
import { findJsonError } from '../../model/json/json-error.ts'
import { lineColumnOf } from '../../model/data/number-literal.ts'
import type { DocumentCode } from '../../model/failure.ts'

/** A key below the prefix, without the prefix, and its value. */
export interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
  /** The `mod_revision` of the key. */
  readonly revision: string
  /** The place of the key among all keys below the prefix, in byte order, counted from 1. */
  readonly index: number
}

/** How values are read: as text, or each as a piece of JSON. */
export type ValueFormat = 'text' | 'json'

/** The document, or why the keys form none. */
export type PrefixDocument =
  | { readonly kind: 'document'; readonly content: string; readonly revisions: KeyRevisions }
  | Pick<Malformed, 'kind' | 'code' | 'entry' | 'cause'>

/** The `mod_revision` of each key below the prefix. */
type KeyRevisions = ReadonlyMap<string, string>

interface Leaf {
  readonly json: string
  readonly entry: Entry
}
type Node = Leaf | Folder
interface Folder extends Map<string, Node> {}

// Deeper than any document that the reloader accepts, and shallow enough to walk by recursion.
const MAX_SEGMENTS = 256

const SLASH = '/'.charCodeAt(0)

const BLANKS = Buffer.from(' \t\r\n')

// What e3w, etcd-manage and their relatives write as the value of a folder.
const FOLDER_VALUE = Buffer.from('etcdv3_dir_$2H#%gRe3*t')

/** True for the placeholders with which GUIs make an empty folder visible. They say nothing, so they are skipped. */
export const isFolderMarker = (key: Uint8Array, value: Uint8Array): boolean => {
  if (FOLDER_VALUE.equals(value)) return true
  const isFolder = key.length === 0 || key.at(-1) === SLASH
  return isFolder && value.every((byte) => BLANKS.includes(byte))
}

type Position = ReturnType<typeof lineColumnOf>

/** Carries out of the walk which key is at fault, and why. */
class Malformation extends Error {
  readonly code: DocumentCode
  readonly entry: Entry
  readonly position: Position | undefined
  constructor(code: DocumentCode, entry: Entry, cause?: unknown, position?: Position) {
    super(`the key ${JSON.stringify(Buffer.from(entry.key).toString())} below the prefix`, { cause })
    this.code = code
    this.entry = entry
    this.position = position
  }
}

/**
 * Makes the JSON text of the keys below a prefix. Slashes separate a key into folders, each folder becomes an object,
 * and the last segment holds the value. The order of the keys is kept. The result is text and not an object, so that
 * `__proto__` stays a key like any other and the reloader can reject it.
 */
export const formPrefixDocument = (entries: readonly Entry[], values: ValueFormat, count: number): PrefixDocument => {
  try {
    const root: Folder = new Map()
    const revisions = new Map<string, string>()
    for (const entry of entries) {
      const segments = segmentsOf(entry)
      insert(root, segments, { json: jsonOf(entry, values), entry })
      revisions.set(segments.join('/'), entry.revision)
    }
    return { kind: 'document', content: write(root), revisions }
  } catch (error) {
    if (!(error instanceof Malformation)) throw error
    const { code, entry, position } = error
    const key = Buffer.from(entry.key).toString().split('/')
    const found = { key, index: entry.index, count, ...(position === undefined ? {} : { position }) }
    return { kind: 'malformed', code, entry: found, cause: error }
  }
}

const segmentsOf = (entry: Entry): readonly string[] => {
  const key = decode(entry.key)
  if (key === undefined) throw new Malformation('document.bad-key', entry)
  const segments = key.split('/')
  if (segments.length > MAX_SEGMENTS) throw new Malformation('document.too-deep', entry)
  if (segments.includes('')) throw new Malformation('document.bad-key', entry)
  return segments
}

const jsonOf = (entry: Entry, values: ValueFormat): string => {
  const text = decode(entry.value)
  if (text === undefined) throw new Malformation('document.encoding', entry)
  if (values === 'text') return JSON.stringify(text)
  try {
    JSON.parse(text)
  } catch (error) {
    const offset = findJsonError(text)?.offset
    const position = offset === undefined ? undefined : lineColumnOf(text, offset)
    throw new Malformation('document.bad-value', entry, error, position)
  }
  // The text itself and not what it parses to, so that the reloader can find its duplicate keys.
  return text
}

const decode = (bytes: Uint8Array): string | undefined => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined
  }
}

const insert = (root: Folder, segments: readonly string[], leaf: Leaf): void => {
  let folder = root
  for (const segment of segments.slice(0, -1)) {
    const child = folder.get(segment) ?? new Map<string, Node>()
    if (!(child instanceof Map)) throw new Malformation('document.key-conflict', child.entry)
    folder.set(segment, child)
    folder = child
  }
  const name = segments.at(-1) ?? ''
  if (folder.has(name)) throw new Malformation('document.key-conflict', leaf.entry)
  folder.set(name, leaf)
}

const write = (node: Node): string => {
  if (!(node instanceof Map)) return node.json
  const members = [...node].map(([name, child]) => `${JSON.stringify(name)}:${write(child)}`)
  return `{${members.join(',')}}`
}

/** Finds the key that holds a value; for an object that several keys form, the folder at the document's revision. */
export const keyOrigins =
  (prefix: string, revisions: KeyRevisions, newest: string): FindOrigins =>
  (path) => {
    const segments = path.map(String)
    for (let length = segments.length; length > 0; length--) {
      const key = segments.slice(0, length).join('/')
      const revision = revisions.get(key)
      if (revision !== undefined) return [{ kind: 'etcd', at: `${prefix}${key}@${revision}` }]
    }
    const folder = segments.map((segment) => `${segment}/`).join('')
    return [{ kind: 'etcd', at: `${prefix}${folder}*@${newest}` }]
  }
