import { TextIndex, type TextNode } from './text-index.ts'

/** Indexes a JSON text that parses. */
export const indexJson = (text: string): TextIndex => {
  try {
    return new TextIndex(text, new Walk(text).value())
  } catch {
    return new TextIndex(text, undefined) // too deep to walk, or no JSON
  }
}

const SPACES = ' \t\r\n'

class Walk {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): TextNode {
    this.#skipSpaces()
    const offset = this.#at
    const char = this.#text[offset]
    if (char === '{') return { offset, children: this.#members() }
    if (char === '[') return { offset, children: this.#items() }
    if (char === '"') this.#skipString()
    else while (!'{}[],:"'.includes(this.#peek()) && !SPACES.includes(this.#peek())) this.#at++
    if (this.#at === offset) throw new SyntaxError('a value is missing')
    return { offset }
  }

  #members(): Map<string, TextNode> {
    const members = new Map<string, TextNode>()
    this.#at++
    for (;;) {
      this.#skipSpaces()
      if (this.#peek() === '}') break
      if (this.#peek() === ',') {
        this.#at++
        continue
      }
      const start = this.#at
      this.#skipString()
      const raw = this.#text.slice(start + 1, this.#at - 1)
      const key = raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
      this.#skipSpaces()
      this.#at++ // the colon
      members.set(key, this.value())
    }
    this.#at++
    return members
  }

  #items(): Map<number, TextNode> {
    const items = new Map<number, TextNode>()
    this.#at++
    for (;;) {
      this.#skipSpaces()
      if (this.#peek() === ']') break
      if (this.#peek() === ',') this.#at++
      else items.set(items.size, this.value())
    }
    this.#at++
    return items
  }

  #peek(): string {
    const char = this.#text[this.#at]
    if (char === undefined) return ' '
    return char
  }

  #skipSpaces(): void {
    while (this.#at < this.#text.length && SPACES.includes(this.#text[this.#at] ?? '')) this.#at++
    if (this.#at >= this.#text.length) throw new SyntaxError('the text has ended')
  }

  #skipString(): void {
    if (this.#peek() !== '"') throw new SyntaxError('a string is missing')
    for (;;) {
      const end = this.#text.indexOf('"', this.#at + 1)
      if (end === -1) throw new SyntaxError('a string does not end')
      let slashes = 0
      while (this.#text[end - 1 - slashes] === '\\') slashes++
      const start = this.#at
      this.#at = end
      if (slashes % 2 === 0 || end - slashes === start) break
    }
    this.#at++
  }
}
