import { inspect } from 'node:util'
import { SourceError } from 'changeover'
import { expect, test } from 'vitest'

const SECRET = 's3cret-of-the-cause'

test('The cause of a SourceError can be read, and is no part of what a logger copies', () => {
  const cause = new Error(SECRET)
  const error = new SourceError('source.denied', cause)
  expect(error).toMatchObject({ name: 'SourceError', code: 'source.denied', message: 'source.denied' })
  expect(error.cause).toBe(cause)
  expect(Object.keys(error).sort()).toEqual(['code', 'detail', 'name'])
  expect(JSON.stringify([error, { ...error }])).not.toContain(SECRET)
  expect(inspect({ ...error })).not.toContain(SECRET)
})
