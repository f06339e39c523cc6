import type { Path } from '../model/data/not-plain.ts'

/** A value in a text: where it begins, and what it holds. */
export interface TextNode {
  readonly offset: number
  /** The members of an object by key, the items of an array by index; absent for anything else. */
  readonly children?: ReadonlyMap<string | number, TextNode>
}

/** Lines and columns count from 1. */
export interface TextPosition {
  readonly line: number
  readonly column: number
}

/** Where the values of a text are. */
export class TextIndex {
  readonly #text: string
  readonly #root: TextNode | undefined
  #lineStarts: readonly number[] | undefined

  constructor(text: string, root: TextNode | undefined) {
    this.#text = text
    this.#root = root
  }

  /** Returns the offset of the value at a path. */
  offsetOf(path: Path): number | undefined {
    let node = this.#root
    for (const segment of path) node = childOf(node, segment)
    return node?.offset
  }

  /** Returns the position of the value at a path; undefined if the text has none there, or it is not known. */
  positionOf(path: Path): TextPosition | undefined {
    const offset = this.offsetOf(path)
    return offset === undefined ? undefined : this.positionAt(offset)
  }

  /** Returns the position of an offset. The lines are counted once. */
  positionAt(offset: number): TextPosition {
    this.#lineStarts ??= lineStartsOf(this.#text)
    const starts = this.#lineStarts
    let low = 0
    let high = starts.length
    while (high - low > 1) {
      const middle = (low + high) >> 1
      if ((starts[middle] ?? 0) <= offset) low = middle
      else high = middle
    }
    return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
  }
}

const childOf = (node: TextNode | undefined, segment: string | number): TextNode | undefined => {
  const { children } = node ?? {}
  // A path may have an index as text, or a number as a key.
  return children?.get(segment) ?? children?.get(String(segment)) ?? children?.get(Number(segment))
}

const lineStartsOf = (text: string): readonly number[] => {
  const starts = [0]
  for (const { 0: end, index } of text.matchAll(/\r\n|\r|\n/g)) starts.push(index + end.length)
  return starts
}
