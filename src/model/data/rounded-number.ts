import { memberOf } from './value-at.ts'
import type { Path } from './not-plain.ts'
import { isRoundedNumeral } from './number-literal.ts'

/** A number that is not the one that was written. */
export interface RoundedNumber {
  readonly path: Path
  /** The offset of its literal in the text; undefined if that is not known. */
  readonly offset: number | undefined
}

// Decimals, with the underscores that some formats allow, and other bases; no part of a word or of a version.
const LITERALS = /(?<![\w.])(?:0[xob][\da-f_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:e[+-]?\d+)?)(?![\w.])/gi

/**
 * Finds a number that a parser of the user has rounded. The parser does not say which literal a number comes from, so a
 * number counts as rounded if it is what an inexact literal anywhere in the text becomes, or if it is a large integer
 * that the text does not contain.
 *
 * @param value what the parser has returned, within the limits of `countMembers`
 */
export const findParsedRounded = (text: string, value: unknown): RoundedNumber | undefined => {
  const exact = new Set<number>()
  const rounded = new Map<number, number>()
  for (const { 0: written, index } of text.matchAll(LITERALS)) {
    const literal = written.replaceAll('_', '')
    const parsed = Number(literal)
    if (!isRoundedNumeral(literal)) exact.add(parsed)
    else if (!rounded.has(parsed)) rounded.set(parsed, index)
  }
  return find(value, undefined, (part) => {
    if (typeof part !== 'number') return undefined
    const size = Math.abs(part)
    const isUnknown = Number.isInteger(size) && !Number.isSafeInteger(size) && !exact.has(size)
    return isUnknown || rounded.has(size) ? { path: [], offset: rounded.get(size) } : undefined
  })
}

/** Finds a number that the schema has made of a string in the same place, and that is not the one in the string. */
export const findCoercedRounded = (text: string, input: unknown, config: unknown): RoundedNumber | undefined =>
  find(config, input, (part, before) => {
    if (typeof part !== 'number' || typeof before !== 'string') return undefined
    if (Number(before) !== part || !isRoundedNumeral(before)) return undefined
    const offset = text.indexOf(before.trim())
    return { path: [], offset: offset === -1 ? undefined : offset } // -1 if it is written with escapes
  })

type Test = (part: unknown, other: unknown) => RoundedNumber | undefined

/** Tests each leaf, with what `other` has in the same place. */
const find = (value: unknown, other: unknown, test: Test): RoundedNumber | undefined => {
  if (typeof value !== 'object' || value === null) return test(value, other)
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index++) {
      const found = find(value[index], memberOf(other, index), test)
      if (found !== undefined) return { ...found, path: [index, ...found.path] }
    }
    return undefined
  }
  for (const key of Object.keys(value)) {
    const found = find((value as Record<string, unknown>)[key], memberOf(other, key), test)
    if (found !== undefined) return { ...found, path: [key, ...found.path] }
  }
  return undefined
}
