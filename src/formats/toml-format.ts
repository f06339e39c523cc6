import type * as Toml from 'smol-toml'
import { addMember, checkDepth, numberOf, parseWith, TextFault } from './data-builder.ts'
import type { ParsedText, TextFormat } from './text-format.ts'
import type { TextIndex } from './text-index.ts'
import { indexToml } from './toml-index.ts'

type Peer = Pick<typeof Toml, 'parse' | 'TomlDate'>

/** TOML 1.0, by smol-toml. Dates and times become ISO texts. */
export const tomlFormat = (peer: Peer | undefined): TextFormat | undefined => {
  if (typeof peer?.parse !== 'function' || typeof peer.TomlDate !== 'function' || !hasBigInts(peer)) return undefined
  return { parse: (text) => parse(peer, text), index: indexToml }
}

const options = { integersAsBigInt: true } as const

/** Before 1.3, smol-toml made numbers of all integers. */
const hasBigInts = (peer: Peer): boolean => {
  try {
    return typeof peer.parse('a = 1', options).a === 'bigint'
  } catch {
    return false
  }
}

const parse = (peer: Peer, text: string): ParsedText =>
  parseWith(
    text,
    () => new Conversion(peer, text).dataOf(peer.parse(text, options), []),
    (error) => new TextFault('document.malformed', offsetOfError(error, text)),
  )

/** A TomlError has a line and a column; its message quotes the text. */
const offsetOfError = (error: unknown, text: string): number | undefined => {
  const { line, column } = error as { readonly line?: unknown; readonly column?: unknown }
  if (typeof line !== 'number' || typeof column !== 'number') return undefined
  const before = text.split('\n').slice(0, line - 1)
  return before.reduce((sum, each) => sum + each.length + 1, 0) + column - 1
}

type MutablePath = (string | number)[]

class Conversion {
  readonly #peer: Peer
  readonly #text: string
  #index: TextIndex | undefined

  constructor(peer: Peer, text: string) {
    this.#peer = peer
    this.#text = text
  }

  dataOf(value: unknown, path: MutablePath): unknown {
    if (typeof value === 'number' || typeof value === 'bigint') return this.#number(value, path)
    if (value instanceof this.#peer.TomlDate) return value.toISOString()
    if (typeof value !== 'object' || value === null) return value
    checkDepth(path.length, 0)
    if (Array.isArray(value)) return value.map((item, index) => this.#below(item, index, path))
    const object: Record<string, unknown> = {}
    for (const [key, member] of Object.entries(value)) {
      if (key === '__proto__') throw new TextFault('document.forbidden-key', this.#offsetOf([...path, key]))
      addMember(object, key, this.#below(member, key, path), 0)
    }
    return object
  }

  #below(value: unknown, key: string | number, path: MutablePath): unknown {
    path.push(key)
    const data = this.dataOf(value, path)
    path.pop()
    return data
  }

  /** The parser does not keep what was written, so the text is asked, except for a whole number. */
  #number(value: number | bigint, path: MutablePath): number {
    if (typeof value === 'bigint') {
      const offset = Number.isSafeInteger(Number(value)) ? 0 : this.#offsetOf(path)
      return numberOf(String(value), value, offset ?? 0)
    }
    const offset = this.#offsetOf(path)
    const literal =
      offset === undefined ? undefined : /^[+-]?[\w.+-]+/.exec(this.#text.slice(offset, offset + 400))?.[0]
    return numberOf(literal ?? String(value), value, offset ?? 0)
  }

  #offsetOf(path: MutablePath): number | undefined {
    this.#index ??= indexToml(this.#text)
    return this.#index.offsetOf(path)
  }
}
