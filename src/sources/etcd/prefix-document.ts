import type { DocumentCode } from '../../model/failure.ts'

/** A key below the prefix, without the prefix, and its value. */
export interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** How values are read: as text, or each as a piece of JSON. */
export type ValueFormat = 'text' | 'json'

/** The document, or why the keys form none. */
export type PrefixDocument =
  | { readonly kind: 'document'; readonly content: string }
  | { readonly kind: 'malformed'; readonly code: DocumentCode }

type Node = string | Folder
interface Folder extends Map<string, Node> {}

// Deeper than any document that the reloader accepts, and shallow enough to walk by recursion.
const MAX_SEGMENTS = 256

/** Carries a code out of the walk. */
class Malformation extends Error {
  readonly code: DocumentCode
  constructor(code: DocumentCode) {
    super(code)
    this.code = code
  }
}

/**
 * Makes the JSON text of the keys below a prefix. Slashes separate a key into folders, each folder becomes an object,
 * and the last segment holds the value. The order of the keys is kept. The result is text and not an object, so that
 * `__proto__` stays a key like any other and the reloader can reject it.
 */
export const formPrefixDocument = (entries: readonly Entry[], values: ValueFormat): PrefixDocument => {
  try {
    const root: Folder = new Map()
    for (const { key, value } of entries) insert(root, segmentsOf(key), jsonOf(value, values))
    return { kind: 'document', content: write(root) }
  } catch (error) {
    if (error instanceof Malformation) return { kind: 'malformed', code: error.code }
    throw error
  }
}

const segmentsOf = (key: Uint8Array): readonly string[] => {
  const segments = decode(key).split('/')
  if (segments.length > MAX_SEGMENTS) throw new Malformation('document.too-deep')
  // `a//b`, `a/` and the prefix itself are most likely mistakes.
  if (segments.includes('')) throw new Malformation('document.malformed')
  return segments
}

const jsonOf = (value: Uint8Array, values: ValueFormat): string => {
  const text = decode(value)
  if (values === 'text') return JSON.stringify(text)
  try {
    JSON.parse(text)
  } catch {
    throw new Malformation('document.malformed')
  }
  // The text itself and not what it parses to, so that the reloader can find its duplicate keys.
  return text
}

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Malformation('document.encoding')
  }
}

const insert = (root: Folder, segments: readonly string[], json: string): void => {
  let folder = root
  for (const segment of segments.slice(0, -1)) {
    const child = folder.get(segment) ?? new Map<string, Node>()
    if (typeof child === 'string') throw new Malformation('document.key-conflict')
    folder.set(segment, child)
    folder = child
  }
  const name = segments.at(-1) ?? ''
  if (folder.has(name)) throw new Malformation('document.key-conflict')
  folder.set(name, json)
}

const write = (node: Node): string => {
  if (typeof node === 'string') return node
  const members = [...node].map(([name, child]) => `${JSON.stringify(name)}:${write(child)}`)
  return `{${members.join(',')}}`
}
