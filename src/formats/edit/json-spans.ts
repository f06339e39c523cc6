/** Where a value of a JSON text begins and ends, and what it holds. Comments and trailing commas are allowed. */
export interface Span {
  readonly start: number
  readonly end: number
  readonly members?: ReadonlyMap<string, Span>
  readonly items?: readonly Span[]
}

/** Finds the spans of a text that parses. @throws SyntaxError */
export const spansOf = (text: string): Span => new Walk(text).root()

/** Spaces and comments. */
const FILLING = /(?:[\s\uFEFF]|\/\/[^\r\n]*|\/\*[\s\S]*?\*\/)*/y
const STRING = /"(?:[^"\\]|\\[\s\S])*"/y
const SCALAR = /[^\s,\]}/]+/y

class Walk {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  root(): Span {
    this.#take(FILLING)
    return this.#value()
  }

  #value(): Span {
    const start = this.#at
    const char = this.#text[start]
    if (char === '{') return this.#object(start)
    if (char === '[') return this.#list(start)
    if (this.#take(char === '"' ? STRING : SCALAR) === '') throw new SyntaxError('a value is missing')
    return { start, end: this.#at }
  }

  #object(start: number): Span {
    const members = new Map<string, Span>()
    for (this.#at++; this.#next('}'); ) {
      const key = this.#take(STRING)
      this.#take(FILLING)
      if (this.#text[this.#at++] !== ':') throw new SyntaxError('a colon is missing')
      this.#take(FILLING)
      members.set(String(JSON.parse(key)), this.#value())
    }
    return { start, end: this.#at, members }
  }

  #list(start: number): Span {
    const items: Span[] = []
    for (this.#at++; this.#next(']'); ) items.push(this.#value())
    return { start, end: this.#at, items }
  }

  /** Goes to the next member, or behind the end. */
  #next(end: string): boolean {
    this.#take(FILLING)
    if (this.#text[this.#at] === ',') this.#at++
    this.#take(FILLING)
    if (this.#at >= this.#text.length) throw new SyntaxError('the text has ended')
    if (this.#text[this.#at] !== end) return true
    this.#at++
    return false
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at
    const found = pattern.exec(this.#text)?.[0] ?? ''
    this.#at += found.length
    return found
  }
}
