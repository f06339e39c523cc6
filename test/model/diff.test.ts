import { describe, expect, it } from 'vitest'
import { diffOf } from '../../src/model/data/diff.ts'
import { createVisibility } from '../../src/model/visibility.ts'

const SECRET = 's3cret-of-the-diff'
const db = { max: 20, password: SECRET }
const jsonSchema = {
  properties: {
    db: {
      properties: {
        max: {},
        password: {},
        replicas: { additionalProperties: { properties: { max: {}, password: {} } } },
      },
    },
  },
}

/** Shows the differences as text, such as `added db`, with the values that are shown. */
const shown = (previous: unknown, next: unknown, ...paths: string[]): string[] =>
  diffOf(previous, next, createVisibility(paths, jsonSchema)).differences.map(
    ({ path, change, from, to }) => `${change} ${path} ${JSON.stringify({ from, to })}`,
  )

describe('A part that is added, removed or replaced as a whole', () => {
  it.each([
    ['added', {}, { db }],
    ['removed', { db }, {}],
    ['replaced by text', { db }, { db: SECRET }],
    ['replaced by a list', { db }, { db: [SECRET] }],
    ['made from null', { db: null }, { db }],
  ])('is shown by its path alone if only a part of it is public: %s', (_, previous, next) => {
    const lines = shown(previous, next, 'db.max')
    expect(lines).toHaveLength(1)
    expect(lines[0]).toMatch(/^(added|removed|changed) db \{\}$/)
  })

  it('is shown whole if it is public whole', () => {
    expect(shown({}, { db: { max: 1 } }, 'db')).toEqual(['added db {"to":{"max":1}}'])
    expect(shown({ db: { max: 1 } }, {}, 'db')).toEqual(['removed db {"from":{"max":1}}'])
  })

  it('does not show a secret sibling of a public child that changes with it', () => {
    const lines = shown({ db }, { db: { max: 30, password: `${SECRET}2` } }, 'db.max')
    expect(lines).toEqual(['changed db.max {"from":20,"to":30}', 'changed db.password {}'])
  })

  it('is masked and hidden below the keys of a record', () => {
    const lines = shown({ db: { replicas: {} } }, { db: { replicas: { [SECRET]: db } } }, 'db.replicas.*.max')
    expect(lines).toEqual(['added db.replicas.* {}'])
  })
})
