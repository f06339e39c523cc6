import { expect, test } from 'vitest'
import { createVisibility } from '../../src/model/visibility.ts'

/** A JSON Schema with one property in another, and the path to the innermost. */
const nested = (depth: number, wrap: (schema: object) => object = (schema) => schema) => {
  const path = Array.from({ length: depth }, (_, index) => `k${index}`)
  const schema = path.reduceRight<object>((inner, key) => wrap({ properties: { [key]: inner } }), {})
  return { path, schema }
}

test.each([1, 8, 9, 12, 16])(
  'A key that the schema declares is shown at any depth that is shown at all: %i',
  (depth) => {
    const { path, schema } = nested(depth)
    expect(createVisibility([], schema).show(path)).toBe(path.join('.'))
  },
)

test('A key below the depth that is shown is cut off', () => {
  const { path, schema } = nested(20)
  expect(createVisibility([], schema).show(path)).toBe(`${path.slice(0, 16).join('.')}.…`)
})

test.each<[string, (schema: object) => object]>([
  ['a choice', (schema) => ({ anyOf: [schema] })],
  ['one of several', (schema) => ({ oneOf: [schema] })],
  ['a combination', (schema) => ({ allOf: [{}, schema] })],
])('A key in %s of schemas is shown, and an unknown one beside it is not', (_title, wrap) => {
  const { path, schema } = nested(4, wrap)
  const { show } = createVisibility([], schema)
  expect(show(path)).toBe(path.join('.'))
  expect(show([...path.slice(0, 3), 'unknown'])).toBe(`${path.slice(0, 3).join('.')}.*`)
})
