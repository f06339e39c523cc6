import { expect, test } from 'vitest'
import { invalidOption } from '../../src/model/option-checks.ts'
import { logRefusedCall } from '../../src/transaction/log-fields.ts'

const refusedWith = (error: unknown): unknown[] => {
  const lines: unknown[] = []
  const noop = (): void => {}
  logRefusedCall({ debug: noop, info: noop, warn: (...line) => void lines.push(line), error: noop }, error)
  return lines
}

test('a refused call is logged with the code and the message of its error', () => {
  const error = invalidOption('soak must be a number')
  const [first] = error.failures
  expect(refusedWith(error)).toEqual([
    [{ changeover: first, code: error.code }, `A call was refused: ${first?.message}`],
  ])
})

test('a call that was refused by an error without a code is logged as an internal error', () => {
  expect(refusedWith(new Error('disk full'))).toEqual([
    [
      { changeover: expect.objectContaining({ code: 'internal.error' }), code: 'internal.error' },
      expect.stringMatching(/^A call was refused: .{20}/),
    ],
  ])
})
