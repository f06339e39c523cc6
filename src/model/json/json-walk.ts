import type { Writable } from '../data/writable.ts'
import { endOfString } from './json-scan.ts'

/** An object or array that is open where a walk has come to. */
export interface Level {
  readonly isArray: boolean
  /** The offset behind the bracket or the comma before the member or item that comes, or is being passed. */
  readonly start: number
  /** How many members or items were passed. */
  readonly index: number
}

/** A place behind a comma, from which a walk may begin. */
export interface Mark {
  readonly at: number
  readonly open: readonly Level[]
}

const QUOTE = 34
const COMMA = 44
const OPEN_ARRAY = 91
const CLOSE_ARRAY = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

const NO_DEPTH = -1

/** Goes through a valid JSON text, and knows which objects and arrays are open. */
export class JsonWalk {
  /** Where later walks may begin: those that were given, and further ones where this walk went beyond them. */
  readonly marks: Mark[]
  /** How many of the objects and arrays that were open before the last `goTo` have stayed open. */
  lowest = 0
  readonly #text: string
  readonly #distance: number
  #nextMark: number
  #open: Writable<Level>[] = []
  #at = 0

  /**
   * Begins at the last mark before an offset.
   *
   * @param distance how many characters at least lie between two new marks
   */
  constructor(text: string, offset = 0, marks: readonly Mark[] = [], distance = Number.POSITIVE_INFINITY) {
    this.#text = text
    this.marks = [...marks]
    this.#distance = distance
    this.#nextMark = distance + (marks.at(-1)?.at ?? 0)
    const mark = marks.findLast(({ at }) => at <= offset)
    if (mark === undefined) return
    this.#open = copyOf(mark.open)
    this.#at = mark.at
  }

  /** What is open, from the outside to the inside. It does not change when the walk goes on. */
  get open(): readonly Level[] {
    return copyOf(this.#open)
  }

  /** Goes on to an offset. A string that lies across it is passed. */
  goTo(offset: number): void {
    this.lowest = this.#open.length
    this.#goOn(offset, NO_DEPTH)
  }

  /** Goes on to the comma or the bracket behind the member or item, of the object or array at a depth, that is being passed. */
  endOfPart(depth: number): number {
    this.#goOn(this.#text.length, depth)
    return this.#at
  }

  #goOn(offset: number, depth: number): void {
    const text = this.#text
    let at = this.#at
    for (; at < offset; at++) {
      const code = text.charCodeAt(at)
      if (code === QUOTE) at = endOfString(text, at)
      else if (code === COMMA || code >= OPEN_ARRAY) {
        if (this.#open.length === depth && isEnd(code)) break
        this.#pass(code, at)
      }
    }
    this.#at = at
  }

  #mark(at: number): void {
    this.marks.push({ at, open: this.open })
    this.#nextMark = at + this.#distance
  }

  #pass(code: number, at: number): void {
    const open = this.#open
    if (code === COMMA) {
      const level = open.at(-1)
      if (level === undefined) return
      level.start = at + 1
      level.index += 1
      if (at >= this.#nextMark) this.#mark(at + 1)
    } else if (code === OPEN_OBJECT || code === OPEN_ARRAY) {
      open.push({ isArray: code === OPEN_ARRAY, start: at + 1, index: 0 })
    } else if (isClosing(code)) {
      open.pop()
      this.lowest = Math.min(this.lowest, open.length)
    }
  }
}

/** The key of the member, or the index of the item, that comes or is being passed. */
export const segmentOf = (text: string, { isArray, start, index }: Level): string | number => {
  if (isArray) return index
  const quote = text.indexOf('"', start)
  return JSON.parse(text.slice(quote, endOfString(text, quote) + 1)) as string
}

const copyOf = (open: readonly Level[]): Writable<Level>[] => open.map((level) => ({ ...level }))

const isEnd = (code: number): boolean => code === COMMA || isClosing(code)

/** True for the end of an object or array. */
export const isClosing = (code: number): boolean => code === CLOSE_OBJECT || code === CLOSE_ARRAY
