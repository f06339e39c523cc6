import { TextIndex, type TextNode } from './text-index.ts'

/** Indexes a TOML text that parses: smol-toml does not say where its values are. */
export const indexToml = (text: string): TextIndex => {
  try {
    return new TextIndex(text, new Walk(text).document())
  } catch {
    return new TextIndex(text, undefined) // no TOML
  }
}

/** A node whose children are still being found. */
interface OpenNode extends TextNode {
  readonly children: Map<string | number, TextNode>
}

const openNode = (offset: number): OpenNode => ({ offset, children: new Map() })

const BARE_KEY = /[\w-]+/y
const SCALAR = /[^\s,\]}#][^,\]}#\r\n]*/y
const BLANKS = /[ \t]*/y
/** Spaces, ends of lines and comments. */
const FILLING = /(?:[ \t\r\n]|#[^\r\n]*)*/y

class Walk {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  document(): TextNode {
    const root = openNode(0)
    let table = root
    for (this.#skip(FILLING); this.#at < this.#text.length; this.#skip(FILLING)) {
      if (this.#peek() === '[') table = this.#header(root)
      else this.#member(table)
    }
    return root
  }

  /** `[a.b]` or `[[a.b]]`: returns the table that the lines after it belong to. */
  #header(root: OpenNode): OpenNode {
    const offset = this.#at
    const isList = this.#text.startsWith('[[', offset)
    this.#at += isList ? 2 : 1
    const path = this.#key()
    this.#expect(isList ? ']]' : ']')
    const parent = path.slice(0, -1).reduce((node, key) => tableOf(node, key, offset), root)
    const name = path.at(-1) ?? ''
    if (!isList) return tableOf(parent, name, offset)
    const list = (parent.children.get(name) as OpenNode | undefined) ?? openNode(offset)
    parent.children.set(name, list)
    const item = openNode(offset)
    list.children.set(list.children.size, item)
    return item
  }

  #member(table: OpenNode): void {
    const offset = this.#at
    const path = this.#key()
    this.#expect('=')
    const parent = path.slice(0, -1).reduce((node, key) => tableOf(node, key, offset), table)
    parent.children.set(path.at(-1) ?? '', this.#value())
  }

  /** A key with dots, as its parts. */
  #key(): readonly string[] {
    const parts: string[] = []
    do {
      this.#skip(BLANKS)
      const quote = this.#peek()
      const isQuoted = quote === '"' || quote === "'"
      parts.push(isQuoted ? this.#quotedKey(quote) : this.#take(BARE_KEY))
      this.#skip(BLANKS)
    } while (this.#peek() === '.' && this.#at++ >= 0)
    return parts
  }

  #quotedKey(quote: string): string {
    const start = this.#at
    this.#skipString(quote)
    const raw = this.#text.slice(start + 1, this.#at - 1)
    return quote === '"' && raw.includes('\\') ? unescaped(raw) : raw
  }

  #value(): TextNode {
    this.#skip(BLANKS)
    const offset = this.#at
    const char = this.#peek()
    if (char === '[') return this.#list(offset)
    if (char === '{') return this.#inlineTable(offset)
    if (char === '"' || char === "'") {
      const long = char.repeat(3)
      this.#skipString(this.#text.startsWith(long, offset) ? long : char)
    } else this.#take(SCALAR)
    return { offset }
  }

  #list(offset: number): TextNode {
    const node = openNode(offset)
    for (this.#at++; ; ) {
      this.#skip(FILLING)
      if (this.#peek() === ']') break
      if (this.#peek() === ',') this.#at++
      else node.children.set(node.children.size, this.#value())
    }
    this.#at++
    return node
  }

  #inlineTable(offset: number): TextNode {
    const node = openNode(offset)
    for (this.#at++; ; ) {
      this.#skip(FILLING)
      if (this.#peek() === '}') break
      if (this.#peek() === ',') this.#at++
      else this.#member(node)
    }
    this.#at++
    return node
  }

  #skipString(quote: string): void {
    const isLong = quote.length === 3
    const hasEscapes = quote.startsWith('"')
    for (this.#at += quote.length; ; this.#at++) {
      if (this.#at >= this.#text.length) throw new SyntaxError('a string does not end')
      if (hasEscapes && this.#peek() === '\\') this.#at++
      else if (this.#text.startsWith(quote, this.#at)) break
    }
    this.#at += quote.length
    // A long string may end with up to two more quotes, which belong to it.
    while (isLong && this.#peek() === quote[0]) this.#at++
  }

  #expect(token: string): void {
    this.#skip(BLANKS)
    if (!this.#text.startsWith(token, this.#at)) throw new SyntaxError(`${token} is missing`)
    this.#at += token.length
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const [found = ''] = pattern.exec(this.#text) ?? []
    if (found === '') throw new SyntaxError('a token is missing')
    this.#at += found.length
    return found
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0
  }

  #peek(): string {
    return this.#text[this.#at] ?? ''
  }
}

/** Returns the table at a key; of a list of tables the last one. */
const tableOf = (node: OpenNode, key: string, offset: number): OpenNode => {
  const found = node.children.get(key) as OpenNode | undefined
  if (found === undefined) {
    const made = openNode(offset)
    node.children.set(key, made)
    return made
  }
  const last = found.children?.get((found.children.size ?? 0) - 1)
  return last?.children === undefined ? found : (last as OpenNode)
}

const unescaped = (raw: string): string => {
  const json = raw
    .replace(/\\U([\da-fA-F]{8})/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replace(/\\x([\da-fA-F]{2})/g, '\\u00$1')
    .replace(/\\e/g, '\\u001b')
  return String(JSON.parse(`"${json}"`))
}
