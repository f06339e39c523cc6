import { memorySource } from 'changeover/testing'
import { expect, it } from 'vitest'
import { holdingOf } from '../../src/api/internal/holding.ts'
import { observationOf } from '../../src/api/internal/observation.ts'
import { targetOf, withTarget } from '../../src/api/internal/source-target.ts'
import { isChangeoverError } from '../../src/model/failure.ts'

/** The code of the error that a call throws. */
const codeOf = (call: () => unknown): string => {
  try {
    call()
    return 'nothing was thrown'
  } catch (error) {
    return isChangeoverError(error) ? error.code : 'an error without a code'
  }
}

it('A source says to every copy of the package what it reads, under one name, and to no log', () => {
  const target = { kind: 'file', options: { path: 'a.json' } } as const
  const source = withTarget(memorySource('{}'), target)
  expect(targetOf(source)).toBe(target)
  const shared = Symbol.for('changeover.target')
  expect((source as unknown as Record<symbol, () => unknown>)[shared]?.()).toBe(target)
  expect(JSON.stringify(source)).not.toContain('a.json')
  expect(targetOf(memorySource('{}'))).toBeUndefined()
})

it.each([{}, [], () => {}, null, undefined, 'reloader', 1, Symbol('reloader')])(
  'What is no reloader of this copy of the package is refused by name (%#)',
  (given) => {
    expect(codeOf(() => observationOf(given as object))).toBe('reloader.invalid-option')
    expect(codeOf(() => holdingOf(given))).toBe('reloader.invalid-option')
  },
)
