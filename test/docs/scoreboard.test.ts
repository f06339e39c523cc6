import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { type Cell, type Evidence, evidenceText, faults, scoreTable } from '../scoreboard/board.ts'
import { blockOf } from './markdown.ts'
import { readPage } from './pages.ts'

const folder = new URL('../scoreboard/', import.meta.url)
const evidence: Evidence = JSON.parse(await readFile(new URL('evidence.json', folder), 'utf8'))
const passed: Cell = { verdict: 'passed', why: 'as it should' }

describe('The scoreboard', () => {
  test('on the page of the comparison shows the stored evidence: npm run scoreboard', () => {
    expect(blockOf(readPage('docs/comparison.md'), 'scoreboard')).toBe(scoreTable(evidence))
  })

  test('has its evidence in test/scoreboard/README.md: npm run scoreboard', async () => {
    expect(blockOf(await readFile(new URL('README.md', folder), 'utf8'), 'evidence')).toBe(evidenceText(evidence))
  })

  test('has every fault for us and for every peer, and one line that says why', () => {
    expect(evidence.rows.map(({ id }) => id)).toEqual([
      'changeover-etcd',
      'changeover-file',
      'etcd3',
      'c12',
      'nacos',
      'apollo',
      'azure',
    ])
    for (const { id, cells } of evidence.rows) {
      expect(cells, id).toHaveLength(faults.length)
      for (const cell of cells) {
        expect(cell.why).toMatch(/^\S[^\n|]*$/)
        expect(cell.word === undefined, `${id}: a word where something failed, and only there`).toBe(
          cell.verdict !== 'failed',
        )
      }
    }
  })

  test('shows the versions of the peers that are installed', async () => {
    const { dependencies } = JSON.parse(await readFile(new URL('package.json', folder), 'utf8'))
    const shown = evidence.rows.map((row) => [row.package, row.version])
    expect(Object.fromEntries(shown.filter(([name = '']) => name in dependencies))).toEqual(dependencies)
  })

  test('names no folder or port of the machine that it was made on', () => {
    expect(JSON.stringify(evidence)).not.toMatch(/\/(tmp|home|root|var|work|Users)\/|127\.0\.0\.1:\d/)
  })
})

test('The table marks what failed with a word, and does not count what does not apply', () => {
  const cells: Cell[] = faults.map(() => passed)
  cells[0] = { verdict: 'failed', word: 'ended', why: 'it threw' }
  cells[6] = { verdict: 'failed', word: 'storm', figure: '900/s', why: 'no back-off' }
  cells[8] = { verdict: 'does not apply', why: 'nothing is fetched' }
  const row = { id: 'peer', title: 'peer', package: 'peer', version: '1.0.0', store: 'a store', cells }
  const lines = scoreTable({ node: '20', etcd: '3', rows: [row] }).split('\n')
  expect(lines).toHaveLength(faults.length + 3)
  expect(lines[0]).toBe('| Fault | peer 1.0.0 |')
  expect(lines[2]).toBe('| 1 throwing listener | ✗ ended |')
  expect(lines[3]).toBe('| 2 hanging listener | ✓ |')
  expect(lines[8]).toBe('| 7 every connection reset | ✗ storm, 900/s |')
  expect(lines[10]).toBe('| 9 one failed fetch after a notification | — |')
  expect(lines[12]).toBe('| **passed** | **7 of 9** |')
})
