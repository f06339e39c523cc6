import type { DocumentCode } from '../../model/failure.ts'

/** A key below the prefix, without it, and its value. */
export interface Entry {
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** What the values are: text as it is, or pieces of JSON. */
export type Values = 'text' | 'json'

/** Either the document, or why the keys form none. */
export type Tree =
  | { readonly kind: 'formed'; readonly text: string }
  | { readonly kind: 'malformed'; readonly code: DocumentCode }

type Node = string | Folder
interface Folder extends Map<string, Node> {}

// Deeper than any document that the reloader takes, and shallow enough to walk by recursion.
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
 * The JSON text of the keys below a prefix: a slash parts a key into folders, each folder is an object, each key's last
 * segment holds its value. The keys' order is kept. It is text, not an object, so that `__proto__` stays a key like
 * any other and the reloader can refuse it.
 */
export const formTree = (entries: readonly Entry[], values: Values): Tree => {
  try {
    const root: Folder = new Map()
    for (const { key, value } of entries) place(root, segmentsOf(key), leafOf(value, values))
    return { kind: 'formed', text: write(root) }
  } catch (error) {
    if (error instanceof Malformation) return { kind: 'malformed', code: error.code }
    throw error
  }
}

const decode = (bytes: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    throw new Malformation('document.encoding')
  }
}

const segmentsOf = (key: Uint8Array): readonly string[] => {
  const segments = decode(key).split('/')
  if (segments.length > MAX_SEGMENTS) throw new Malformation('document.too-deep')
  // `a//b`, `a/` and the prefix itself: whoever wrote that meant something else.
  if (segments.includes('')) throw new Malformation('document.malformed')
  return segments
}

/** The JSON text of one value. */
const leafOf = (value: Uint8Array, values: Values): string => {
  const text = decode(value)
  if (values === 'text') return JSON.stringify(text)
  try {
    JSON.parse(text)
  } catch {
    throw new Malformation('document.malformed')
  }
  // The text itself, not what was parsed of it: its duplicate keys are for the reloader to find.
  return text
}

const place = (root: Folder, segments: readonly string[], leaf: string): void => {
  let folder = root
  for (const segment of segments.slice(0, -1)) {
    const below = folder.get(segment) ?? new Map<string, Node>()
    if (typeof below === 'string') throw new Malformation('document.key-conflict')
    folder.set(segment, below)
    folder = below
  }
  const name = segments[segments.length - 1] ?? ''
  if (folder.has(name)) throw new Malformation('document.key-conflict')
  folder.set(name, leaf)
}

const write = (node: Node): string => {
  if (typeof node === 'string') return node
  const members = [...node].map(([name, below]) => `${JSON.stringify(name)}:${write(below)}`)
  return `{${members.join(',')}}`
}
