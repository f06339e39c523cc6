import { afterEach, expect, test } from 'vitest'
import { copyCounted, countMembers } from '../../src/model/data/count-members.ts'

const prototype: Record<string, unknown> = Object.prototype as never

afterEach(() => {
  delete prototype.planted
})

test('Only the members of the objects themselves count, whatever someone has given to all objects', () => {
  prototype.planted = { a: 1, b: 2 }
  expect(countMembers({ a: { b: 1 }, list: [{ c: 1 }, 2] })).toBe(4)
  expect(countMembers(Object.assign(Object.create(null), { a: { b: 1 } }))).toBe(2)
})

test('A copy has only the members of the objects themselves', () => {
  prototype.planted = { a: 1 }
  const value = { a: { b: 1 }, list: [{ c: 1 }, null, 2] }
  const { copy, members } = copyCounted(value)
  expect([members, Object.keys(copy as object), JSON.stringify(copy)]).toEqual([
    4,
    ['a', 'list'],
    JSON.stringify(value),
  ])
  expect(copyCounted('text')).toEqual({ copy: 'text', members: 0 })
})

test('Members that a parser of the user gives its objects by their prototype do not count', () => {
  const number = (value: number): object =>
    Object.assign(Object.create({ plus: () => 0, minus: () => 0, of: { one: 1 } }), { value })
  expect(countMembers({ one: number(1), more: Array.from({ length: 100 }, (_, index) => number(index)) })).toBe(103)
  // A prototype that refers to itself is no depth of the document.
  const endless: { self?: object } = {}
  endless.self = endless
  expect(countMembers([Object.create(endless)])).toBe(0)
})
