import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { benchBlock, benchReadmePath, readStored } from '../bench/write.ts'
import { blockOf } from './readme.ts'

test('The table in test/bench/README.md is the one of the stored figures: npm run bench -- --write', async () => {
  const stored = await readStored()
  const shown = blockOf(await readFile(benchReadmePath, 'utf8'), 'figures')
  expect(shown).toBe(stored === undefined ? 'Not measured yet.' : benchBlock(stored))
})
