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

test('A Node without a table of its own has a line that names the goals it misses', async () => {
  const measure = { unit: 'ms', value: 1, goal: '≤ 1 ms' }
  const figures = [
    {
      figure: 'reload',
      title: 'a reload',
      floor: '',
      measures: [
        { ...measure, name: 'first', isMet: true },
        { ...measure, name: 'second', isMet: false },
      ],
    },
  ]
  const run = (node: string) => ({ machine: 'a machine', node, date: '2026-01-01', figures })
  const lines = performanceBlock([run('20.1.0'), run('22.1.0'), run('24.1.0')]).split('\n')
  expect(lines.filter((line) => line.startsWith('Measured on'))).toEqual([
    'Measured on a machine; Node 20.1.0; 2026-01-01.',
    'Measured on a machine; Node 22.1.0; 2026-01-01. 1 of 2 goals met; missed: reload (second).',
    'Measured on a machine; Node 24.1.0; 2026-01-01.',
  ])
  expect(lines.filter((line) => line.startsWith('| **reload**'))).toHaveLength(2)
})
