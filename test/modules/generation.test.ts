import { expect, test } from 'vitest'
import { generationOf } from '../../src/modules/generation.ts'

test.each([
  ['as it is', { instance: 1 }],
  ['frozen', Object.freeze({ instance: 1 })],
  ['sealed', Object.seal({ instance: 1 })],
])('a generation object that is returned a second time is refused, %s', (_, value) => {
  const before = Reflect.ownKeys(value)
  expect(generationOf(value)).toEqual({ instance: 1 })
  expect(generationOf(value)).toBeUndefined()
  expect(Reflect.ownKeys(value)).toEqual(before)
})

test('a generation object that was frozen after it had been returned is refused the second time', () => {
  const value = { instance: 1 }
  generationOf(value)
  expect(generationOf(Object.freeze(value))).toBeUndefined()
})
