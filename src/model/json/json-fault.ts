import { findKey, LostMember, offsetOfDepth } from './json.ts'
import { findJsonError } from './json-error.ts'
import { MAX_DEPTH, NotPlain } from '../data/not-plain.ts'

/** Where a text is at fault that the parser of JSON has refused, and what is wrong there, as far as that is known. */
export interface JsonFault {
  readonly offset: number | undefined
  readonly detail?: string
}

/** Finds the place in a text that `parseJson` has refused with this error. */
export const findJsonFault = (error: unknown, text: string): JsonFault => {
  if (error instanceof LostMember) return { offset: undefined, detail: 'write its keys without escapes' }
  if (error instanceof NotPlain) return { offset: offsetOf(error, text) }
  const found = findJsonError(text)
  return found === undefined ? { offset: undefined } : { offset: found.offset, detail: `expected ${found.expected}` }
}

const offsetOf = ({ code }: NotPlain, text: string): number | undefined => {
  if (code === 'document.too-deep') return offsetOfDepth(text, MAX_DEPTH)
  return code === 'document.forbidden-key' ? findKey(text, '__proto__')?.offset : undefined
}
