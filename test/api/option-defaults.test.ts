import { expect, test } from 'vitest'
import { optionTable } from '../../src/api/option-table.ts'

test('A config that has killed the process is held back for an hour, unless the user says otherwise', () => {
  expect(optionTable['quarantine.crashMs']).toMatchObject({ default: 3_600_000, check: 'ms' })
})
