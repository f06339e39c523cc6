import type * as Yaml from 'yaml'
import { addMember, checkDepth, numberOf, parseWith, TextFault } from './data-builder.ts'
import type { TextFormat } from './text-format.ts'
import { TextIndex, type TextNode } from './text-index.ts'

type Peer = Pick<typeof Yaml, 'parseDocument' | 'isMap' | 'isSeq' | 'isAlias' | 'isScalar'>

// The core schema of YAML 1.2 has no dates, and takes `yes`, `no` and `<<` for what they are: text.
const options = { version: '1.2', schema: 'core', merge: false, intAsBigInt: true, prettyErrors: false } as const

/** YAML 1.2, by yaml. */
export const yamlFormat = (peer: Peer | undefined): TextFormat | undefined => {
  const functions = [peer?.parseDocument, peer?.isMap, peer?.isSeq, peer?.isAlias, peer?.isScalar]
  if (peer === undefined || functions.some((each) => typeof each !== 'function')) return undefined
  return {
    parse: (text) =>
      parseWith(
        text,
        () => new Conversion(peer, parsed(peer, text)).root(),
        () => new TextFault('document.malformed'),
      ),
    index: (text) => {
      try {
        return new TextIndex(text, new Indexing(peer, peer.parseDocument(text, options)).root())
      } catch {
        return new TextIndex(text, undefined)
      }
    },
  }
}

const parsed = (peer: Peer, text: string): Yaml.Document.Parsed => {
  const document = peer.parseDocument(text, options)
  // A tag that is not known is only a warning, and its value would be taken for text.
  const [first] = [...document.errors, ...document.warnings]
  if (first !== undefined) {
    const offset = first.pos[0]
    if (first.code === 'DUPLICATE_KEY') throw new TextFault('document.duplicate-key', offset)
    // Its code is one of a list; its message may quote the text.
    const detail = first.code === 'MULTIPLE_DOCS' ? 'one document is allowed, and "---" begins another' : first.code
    throw new TextFault('document.malformed', offset, detail)
  }
  const { version, explicit } = document.directives?.yaml ?? {}
  if (explicit === true && version !== '1.2') {
    throw new TextFault('document.malformed', 0, `YAML ${version} is not supported: write YAML 1.2`)
  }
  return document
}

/** Makes data of the nodes of a document. */
class Conversion {
  readonly #peer: Peer
  readonly #document: Yaml.Document.Parsed
  /** What an alias refers to is made once and shared; undefined while it is made. */
  readonly #made = new Map<unknown, unknown>()

  constructor(peer: Peer, document: Yaml.Document.Parsed) {
    this.#peer = peer
    this.#document = document
  }

  root(): unknown {
    const { contents } = this.#document
    if (contents === null) throw new TextFault('document.empty')
    return this.#dataOf(contents, 0)
  }

  #dataOf(node: unknown, depth: number): unknown {
    const { isAlias, isMap, isSeq, isScalar } = this.#peer
    const offset = offsetOf(node)
    if (isAlias(node)) return this.#aliased(node, depth)
    if (isScalar(node)) return scalarOf(node, offset)
    if (!isMap(node) && !isSeq(node)) return null // a value that is left out
    checkDepth(depth, offset)
    if (node.tag !== undefined && !PLAIN_TAGS.has(node.tag)) throw tagged(offset)
    this.#made.set(node, undefined)
    const made = isSeq(node)
      ? node.items.map((item) => this.#dataOf(item, depth + 1))
      : this.#objectOf(node.items, depth)
    this.#made.set(node, made)
    return made
  }

  #objectOf(pairs: readonly Yaml.Pair[], depth: number): object {
    const object: Record<string, unknown> = {}
    for (const { key, value } of pairs)
      addMember(object, this.#keyOf(key), this.#dataOf(value, depth + 1), offsetOf(key))
    return object
  }

  #keyOf(key: unknown): string {
    const offset = offsetOf(key)
    if (!this.#peer.isScalar(key) || key.value === null) {
      throw new TextFault('document.not-in-json', offset, 'a key must be text: write it in quotes')
    }
    if (key.value === '<<' && (key.type === undefined || key.type === 'PLAIN')) {
      throw new TextFault('document.not-in-json', offset, 'a merge key (<<) is not supported: write its keys out')
    }
    return typeof key.value === 'string' ? key.value : (key.source ?? String(key.value))
  }

  #aliased(alias: Yaml.Alias, depth: number): unknown {
    const target = alias.resolve(this.#document)
    if (target === undefined) throw new TextFault('document.malformed', offsetOf(alias), 'BAD_ALIAS')
    if (!this.#made.has(target)) return this.#dataOf(target, depth)
    const made = this.#made.get(target)
    if (made === undefined)
      throw new TextFault('document.malformed', offsetOf(alias), 'an alias lies in what it refers to')
    return made
  }
}

const PLAIN_TAGS = new Set(['tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq'])

const tagged = (offset: number): TextFault =>
  new TextFault('document.not-in-json', offset, 'a tag makes no data that JSON can hold: leave it out')

const scalarOf = ({ value, source }: Yaml.Scalar, offset: number): unknown => {
  if (typeof value === 'number' || typeof value === 'bigint') return numberOf(source ?? String(value), value, offset)
  if (value === undefined) return null
  if (typeof value === 'object' && value !== null) throw tagged(offset)
  return value
}

const offsetOf = (node: unknown): number =>
  (node as { readonly range?: readonly [number, number, number] | null } | null)?.range?.[0] ?? 0

/** Finds where the nodes of a document are. */
class Indexing {
  readonly #peer: Peer
  readonly #document: Yaml.Document.Parsed
  /** What an alias refers to is found where it is written. */
  readonly #found = new Map<unknown, TextNode>()

  constructor(peer: Peer, document: Yaml.Document.Parsed) {
    this.#peer = peer
    this.#document = document
  }

  root(): TextNode {
    return this.#nodeOf(this.#document.contents)
  }

  #nodeOf(given: unknown): TextNode {
    const { isAlias, isMap, isSeq, isScalar } = this.#peer
    const node = isAlias(given) ? given.resolve(this.#document) : given
    const known = this.#found.get(node)
    if (known !== undefined) return known
    const offset = offsetOf(node)
    if (!isMap(node) && !isSeq(node)) return { offset }
    const children = new Map<string | number, TextNode>()
    const found = { offset, children }
    this.#found.set(node, found)
    if (isSeq(node)) for (const [index, item] of node.items.entries()) children.set(index, this.#nodeOf(item))
    else
      for (const { key, value } of node.items) {
        const name =
          isScalar(key) && typeof key.value !== 'string' ? (key.source ?? '') : String((key as Yaml.Scalar).value)
        // A value that is left out is where its key is.
        children.set(name, value === null ? { offset: offsetOf(key) } : this.#nodeOf(value))
      }
    return found
  }
}
