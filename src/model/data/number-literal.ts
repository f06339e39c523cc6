/**
 * Returns true if a decimal literal survives parsing: the number prints as the digits that were written, whatever their
 * notation. Of all literals that parse to one number only one is accepted, so no two documents become one config.
 */
export const isExact = (literal: string): boolean => {
  const printed = String(Number(literal))
  return printed === literal || significantOf(printed) === significantOf(literal)
}

const LITERAL = /^[+-]?(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i

/** Returns the digits between the outer zeros and their exponent: the same for `1.50` and `15e-1`. Other words are themselves. */
const significantOf = (literal: string): string => {
  const found = LITERAL.exec(literal)
  if (found === null) return literal
  const [, whole = '', fraction = '', exponent = '0'] = found
  const digits = `${whole}${fraction}`
  let start = 0
  while (digits.charCodeAt(start) === ZERO) start++
  if (start === digits.length) return '0'
  // A loop, since a search for trailing zeros by a pattern takes quadratic time.
  let end = digits.length
  while (digits.charCodeAt(end - 1) === ZERO) end--
  return `${digits.slice(start, end)}e${Number(exponent) - fraction.length + digits.length - end}`
}

const ZERO = 48

/** Returns true for a string that `Number` parses to another number than it says, in whatever base. */
export const isRoundedNumeral = (text: string): boolean => {
  const literal = text.trim()
  const parsed = Number(literal)
  if (Number.isNaN(parsed)) return false
  if (!/^0[xob]/i.test(literal)) return !isExact(literal)
  return parsed === Number.POSITIVE_INFINITY || BigInt(literal) !== BigInt(parsed)
}

/** Returns where in a text an offset is: lines and columns begin at 1. */
export const lineColumnOf = (text: string, offset: number): { readonly line: number; readonly column: number } => {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/)
  return { line: lines.length, column: (lines.at(-1) ?? '').length + 1 }
}

/** Says where in a text an offset is, for people. */
export const positionOf = (text: string, offset: number): string => {
  const { line, column } = lineColumnOf(text, offset)
  return `line ${line}, column ${column}`
}
