import { commonPrefix } from '../model/json/shared-ends.ts'
import { isSpace } from '../model/json/json-scan.ts'

const QUOTE = 34
const BACKSLASH = 92

/** True for a character of a number, or of `true`, `false` and `null`. */
const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || code === 43 || code === 45 || code === 46 || code === 69

/**
 * Returns true if two JSON texts differ in nothing but the blanks between their tokens, so that they say the same
 * whatever reads them. Texts of one length that differ count as different: most of them are (bench: noop).
 */
export const isSameJson = (text: string, other: string): boolean =>
  text.length === other.length
    ? text === other
    : differsAtBlank(text, other) && areSame(Buffer.from(text), Buffer.from(other))

/** True if the first difference is a blank in one of them. Of nearly all changes this tells at once that they are some. */
const differsAtBlank = (text: string, other: string): boolean => {
  const at = commonPrefix(text, other)
  return isSpace(text.charCodeAt(at)) || isSpace(other.charCodeAt(at))
}

/** Compares bytes, since a look at a character of a string takes some times as long. */
const areSame = (text: Uint8Array, other: Uint8Array): boolean => {
  let at = 0
  let to = 0
  for (;;) {
    const start = skipSpace(text, at)
    const otherStart = skipSpace(other, to)
    const code = text[start]
    if (code !== other[otherStart]) return false
    if (code === undefined) return true
    // 1 2 is not 12.
    if ((start > at || otherStart > to) && isWord(code) && isWord(text[at - 1] ?? 0)) return false
    const length = code === QUOTE ? sameString(text, start, other, otherStart) : 1
    if (length === 0) return false
    at = start + length
    to = otherStart + length
  }
}

const skipSpace = (text: Uint8Array, from: number): number => {
  let at = from
  while (at < text.length && isSpace(text[at] as number)) at++
  return at
}

/** Returns the length of the string that begins at both offsets; 0 if there are two, or if it has no end. */
const sameString = (text: Uint8Array, at: number, other: Uint8Array, to: number): number => {
  const most = Math.min(text.length - at, other.length - to)
  let isEscaped = false
  for (let length = 1; length < most; length++) {
    const code = text[at + length]
    if (code !== other[to + length]) return 0
    if (code === QUOTE && !isEscaped) return length + 1
    isEscaped = !isEscaped && code === BACKSLASH
  }
  return 0
}
