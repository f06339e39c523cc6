import { expect, test } from 'vitest'
import { GoodHistory } from '../../src/safety/good-history.ts'
import { Snapshot } from '../../src/model/snapshot.ts'

const revisionOf = (n: number) => ({ lineage: 'l', order: n, name: String(n) })
const snapshotOf = (n: number) => new Snapshot({ n }, revisionOf(n), `{"n":${n}}`, 'key')

test('The next good is above what other processes have stored, even if their clock ran ahead', () => {
  const history = new GoodHistory()
  history.add(snapshotOf(1), 1_000, 9_000_000)
  expect(history.goods).toMatchObject([{ sequence: 9_000_001, savedAt: 1_000 }])
  history.add(snapshotOf(2), 1_001, 50)
  expect(history.goods.map(({ sequence }) => sequence)).toEqual([9_000_002, 9_000_001])
})

test('Goods of the future are dated now when they are loaded, and keep their order', () => {
  const history = new GoodHistory()
  const good = (n: number) => ({
    revision: revisionOf(n),
    digest: String(n),
    text: String(n),
    sequence: n,
    savedAt: n * 1_000,
  })
  history.load([good(9), good(3), good(1)], 2_000)
  expect(history.goods.map(({ sequence, savedAt }) => [sequence, savedAt])).toEqual([
    [9, 2_000],
    [3, 2_000],
    [1, 1_000],
  ])
})
