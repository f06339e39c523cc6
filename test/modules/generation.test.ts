import { expect, test } from 'vitest'
import { generationOf } from '../../src/modules/generation.ts'

test.each([
  ['as it is', { instance: 1 }],
  ['frozen', Object.freeze({ instance: 1 })],
  ['sealed', Object.seal({ instance: 1 })],
])('A generation object that comes a second time is none, %s', (_, value) => {
  const before = Reflect.ownKeys(value)
  expect(generationOf(value)).toEqual({ instance: 1 })
  expect(generationOf(value)).toBeUndefined()
  expect(Reflect.ownKeys(value)).toEqual(before)
})

test('A generation object that is frozen after it has come is none the second time', () => {
  const value = { instance: 1 }
  generationOf(value)
  expect(generationOf(Object.freeze(value))).toBeUndefined()
})
