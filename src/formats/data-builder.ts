import { countMembers } from '../model/data/count-members.ts'
import { MAX_DEPTH, NotPlain } from '../model/data/not-plain.ts'
import { isExact } from '../model/data/number-literal.ts'
import type { DocumentCode } from '../model/failure.ts'
import { malformedAt } from './json-format.ts'
import type { ParsedText } from './text-format.ts'

/** Thrown for a part of a text that cannot become data. */
export class TextFault extends Error {
  readonly code: DocumentCode
  readonly offset: number | undefined
  readonly detail: string | undefined

  constructor(code: DocumentCode, offset?: number, detail?: string) {
    super(code)
    this.code = code
    this.offset = offset
    this.detail = detail
  }
}

/** Runs a parser that may throw, and applies the limits that hold for every format to what it makes. */
export const parseWith = (text: string, make: () => unknown, toFault: (error: unknown) => TextFault): ParsedText => {
  if (text.trim() === '') return malformedAt(text, 'document.empty', { offset: undefined })
  try {
    const value = make()
    countMembers(value)
    return { kind: 'parsed', value }
  } catch (error) {
    if (error instanceof NotPlain) {
      const code = error.code === 'config.not-plain' ? 'document.malformed' : error.code
      return malformedAt(text, code, { path: error.path, offset: undefined })
    }
    const fault = error instanceof TextFault ? error : (overflowOf(error) ?? toFault(error))
    const { code, offset, detail } = fault
    const cause = error instanceof TextFault ? undefined : error
    return malformedAt(text, code, { offset, ...(detail === undefined ? {} : { detail }) }, cause)
  }
}

/** A parser that calls itself for each level has run out of stack. */
const overflowOf = (error: unknown): TextFault | undefined =>
  error instanceof RangeError && /call stack/i.test(error.message) ? new TextFault('document.too-deep') : undefined

/** Adds a member to an object. @throws TextFault for a key that is forbidden, or that is there already */
export const addMember = (object: Record<string, unknown>, key: string, value: unknown, offset: number): void => {
  checkKey(object, key, offset)
  object[key] = value
}

/** @throws TextFault for a key that is forbidden, or that the object has already */
const checkKey = (object: object, key: string, offset: number): void => {
  if (key === '__proto__') throw new TextFault('document.forbidden-key', offset)
  if (Object.hasOwn(object, key)) throw new TextFault('document.duplicate-key', offset)
}

/** @throws TextFault for a level that is too deep */
export const checkDepth = (depth: number, offset: number): void => {
  if (depth >= MAX_DEPTH) throw new TextFault('document.too-deep', offset)
}

/** Returns the number that a literal stands for. @throws TextFault if it would be rounded, or is none of JSON */
export const numberOf = (literal: string, value: number | bigint, offset: number): number => {
  const plain = literal.replaceAll('_', '')
  if (/inf|nan/i.test(plain)) {
    throw new TextFault('document.not-in-json', offset, 'JSON has neither infinity nor NaN: leave the value out')
  }
  const number = Number(value)
  const isWhole = typeof value === 'bigint'
  const isKept = isWhole
    ? Number.isFinite(number) && BigInt(number) === value && isPrinted(number, value)
    : isExact(plain)
  if (!isKept) throw new TextFault('document.number-precision', offset)
  return number
}

/** True if a number prints as the digits that were written: of all numerals that parse to one number only one counts. */
const isPrinted = (number: number, value: bigint): boolean => Number.isSafeInteger(number) || isExact(value.toString())
