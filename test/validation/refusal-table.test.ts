import type { Schema } from 'changeover'
import { describe, expect, it } from 'vitest'
import { secretsIn, show } from '../support/secrets.ts'
import { refusalTable } from './refusal-table.ts'
import { refusalTexts } from './refusal-texts.ts'
import { failuresOf } from './refusals.ts'

/** The scalars and keys of a document that the schema does not name. */
const plantedIn = (value: unknown): string[] => {
  if (typeof value !== 'object' || value === null) return String(value).length > 4 ? [String(value)] : []
  return Object.entries(value).flatMap(([key, member]) => [...secretsIn(key), ...plantedIn(member)])
}

const textOf = async (schema: Schema, document: unknown): Promise<string> => {
  const failures = await failuresOf(schema, document)
  const shown = show(failures)
  for (const planted of plantedIn(document)) expect(shown).not.toContain(planted)
  expect(secretsIn(shown)).toEqual([])
  expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['schema.invalid']))
  return failures.map(({ path, kind, detail }) => `${path}: found ${kind}, ${detail}`).join('; ')
}

describe('A refusal says which rule of the schema is broken, and never the value', () => {
  it.each(refusalTable)('with zod, valibot and arktype: %s', async (what, ...[zod, valibot, arktype, document]) => {
    const texts = [await textOf(zod, document), await textOf(valibot, document), await textOf(arktype, document)]
    const expected = refusalTexts[what]
    expect(texts).toEqual(typeof expected === 'string' ? [expected, expected, expected] : expected)
  })

  it('has 40 rules, each with its text', () => {
    expect(refusalTable.length).toBeGreaterThanOrEqual(40)
    expect(Object.keys(refusalTexts)).toEqual(refusalTable.map(([what]) => what))
  })
})
