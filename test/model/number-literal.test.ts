import { describe, expect, it } from 'vitest'
import { isExact, isRoundedNumeral, positionOf } from '../../src/model/data/number-literal.ts'
import { parseJson } from '../../src/model/json/json.ts'
import { createRandom, type Random } from '../support/random.ts'

const exact = [
  ...[
    '0',
    '-0',
    '0.0',
    '-0.0',
    '0e999999',
    '1',
    '-1',
    '1.0',
    '1.50',
    '1e3',
    '1E+3',
    '1e-3',
    '0.1',
    '0.30000000000000004',
  ],
  ...['9007199254740991', '9007199254740992', '9007199254740994', '-9007199254740992', '100000000000000000000', '1e21'],
  ...[
    '1e100',
    '1.7976931348623157e308',
    '5e-324',
    '2.2250738585072014e-308',
    '9007199254740992.0',
    '0.00000000000000001',
  ],
  ...[`1${'0'.repeat(300)}`, `0.${'0'.repeat(300)}1`, `1.${'0'.repeat(5_000)}`, `1e${'0'.repeat(500)}2`],
]

const rounded = [
  ...['9007199254740993', '-9007199254740993', '9007199254740993.0', '90071992547409930e-1', '9.007199254740993e15'],
  ...['9223372036854775807', '18446744073709551615', '123456789012345678901234567890', '1234567890123456789'],
  ...['1e309', '1e400', '-1e400', '1E999999999999', '1e-400', '1e-324', '4.9e-324', `1${'0'.repeat(400)}`],
  ...['0.1000000000000000055511151231257827', '3.141592653589793238', '0.10000000000000001', `0.${'0'.repeat(400)}1`],
]

/** The exact value of a decimal as a fraction of a power of ten, as a reference that rounds nothing. */
const exactly = (literal: string): { readonly digits: bigint; readonly exponent: number } => {
  const [mantissa = '', exponent = '0'] = literal.toLowerCase().split('e')
  const [whole = '', fraction = ''] = mantissa.split('.')
  return { digits: BigInt(`${whole}${fraction}`), exponent: Number(exponent) - fraction.length }
}

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [exactly(one), exactly(other)]
  const least = Math.min(a.exponent, b.exponent)
  return a.digits * 10n ** BigInt(a.exponent - least) === b.digits * 10n ** BigInt(b.exponent - least)
}

const randomLiteral = ({ chance, pick, below, times }: Random): string => {
  const digits = (length: number): string => times(length, () => String(below(10))).join('')
  const whole = chance(0.3) ? '0' : `${1 + below(9)}${digits(pick([0, 1, 5, 14, 15, 16, 20]))}`
  const fraction = chance(0.5) ? `.${digits(pick([1, 2, 10, 17, 25]))}${below(10)}` : ''
  const exponent = chance(0.3) ? `${pick(['e', 'E'])}${pick(['', '+', '-'])}${below(300)}` : ''
  return `${chance(0.2) ? '-' : ''}${whole}${fraction}${exponent}`
}

describe('A number literal', () => {
  it.each(exact)('survives: %.40s', (literal) => {
    expect([isExact(literal), isRoundedNumeral(literal)]).toEqual([true, false])
    expect(parseJson(`{"a":[${literal}]}`)).toMatchObject({ value: { a: [Number(literal)] } })
  })

  it.each(rounded)('does not survive: %.40s', (literal) => {
    expect([isExact(literal), isRoundedNumeral(literal)]).toEqual([false, true])
    expect(parseJson(`{"a":[true,${literal}]}`)).toEqual({ rounded: { path: ['a', 1], offset: expect.any(Number) } })
    expect(parseJson(literal)).toMatchObject({ rounded: { path: [] } })
  })

  it('survives whenever JSON.stringify has written it, whatever its bits', () => {
    const random = createRandom(5_151)
    const view = new DataView(new ArrayBuffer(8))
    for (let round = 0; round < 20_000; round++) {
      for (let byte = 0; byte < 8; byte++) view.setUint8(byte, random.below(256))
      const number = view.getFloat64(0)
      if (Number.isFinite(number)) expect([isExact(JSON.stringify(number)), number]).toEqual([true, number])
    }
  })

  it('survives exactly if the number prints as the same decimal, compared with a reference of big integers', () => {
    const random = createRandom(5_152)
    const counts = { exact: 0, rounded: 0 }
    for (let round = 0; round < 10_000; round++) {
      const literal = randomLiteral(random)
      const printed = String(Number(literal))
      const expected = !printed.includes('Infinity') && isSame(literal, printed)
      expect([isExact(literal), literal]).toEqual([expected, literal])
      const text = `{"s":"${literal}","n":[0, ${literal} ]}`
      const parsed = parseJson(text)
      const offset = text.indexOf(', ') + 2
      if (expected) expect([parsed, literal]).toMatchObject([{ value: { n: [0, Number(literal)] } }, literal])
      else expect([parsed, literal]).toEqual([{ rounded: { path: ['n', 1], offset } }, literal])
      counts[expected ? 'exact' : 'rounded'] += 1
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(1_000)
  })

  it('is not looked for inside of strings and keys', () => {
    const text = '{"9007199254740993":"1e400","a":"x\\"9007199254740993\\",1e400","b":"[1e400]"}'
    expect(parseJson(text)).toMatchObject({ value: JSON.parse(text) })
  })

  it('is checked in linear time, however long it is', () => {
    const zeros = '0'.repeat(700_000)
    expect(isExact(`1${zeros}1${zeros}`)).toBe(false)
    expect(isExact(`1.${zeros}${zeros}`)).toBe(true)
    expect(isRoundedNumeral(`${' '.repeat(1_000_000)}1`)).toBe(false)
  })

  it('has a position by line and column, whatever ends a line', () => {
    expect(positionOf('{"a":1}', 5)).toBe('line 1, column 6')
    expect(positionOf('{\r\n  "a":\n 1}', 11)).toBe('line 3, column 2')
  })
})
