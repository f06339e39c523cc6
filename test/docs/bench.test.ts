import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { benchBlock, benchReadmePath, performanceBlock, readStored } from '../bench/write.ts'
import { blockOf } from './markdown.ts'
import { readPage } from './pages.ts'

test('The table in test/bench/README.md is the one of the stored figures: npm run bench -- --write', async () => {
  const stored = await readStored()
  const shown = blockOf(await readFile(benchReadmePath, 'utf8'), 'figures')
  expect(shown).toBe(stored.length === 0 ? 'Not measured yet.' : benchBlock(stored))
})

test('The table in docs/performance.md is the one of the stored figures: npm run bench -- --write', async () => {
  const stored = await readStored()
  if (stored.length === 0) throw new Error('There are no stored figures')
  expect(blockOf(readPage('docs/performance.md'), 'bench')).toBe(performanceBlock(stored))
})
