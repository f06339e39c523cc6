import { expect, it } from 'vitest'
import { createVisibility } from '../../src/model/visibility.ts'
import { malformedError } from '../../src/validation/malformed-document.ts'

it('A document that the source could not form names the key as it is, and the path without its empty segments', () => {
  const visibility = createVisibility([], { properties: { db: { properties: { max: {} } } } })
  const entry = { key: ['db', '', 'max'], index: 2, count: 3, position: { line: 1, column: 4 } }
  const { failures } = malformedError(
    { kind: 'malformed', code: 'document.bad-key', revision: { lineage: 'a', order: 1, name: '1' }, entry },
    { phase: 'validating' },
    visibility,
  )
  expect(failures).toMatchObject([
    {
      code: 'document.bad-key',
      path: 'db.max',
      detail: 'key "db//max", number 2 of 3 below the prefix, line 1, column 4 of its value',
    },
  ])
})
