import { describe, expect, it } from 'vitest'
import { goodCodec } from '../../src/persistence/codec.ts'
import type { Good } from '../../src/persistence/persisted-state.ts'
import { exploreChoices } from './choices.ts'
import { goodOf } from './scene.ts'
import { DEADLINE_MS, goodNames, goodsIn, manualStore, type PendingSave, persistenceOf, sequencesIn } from './stores.ts'

/** How many saves of a run have every fate; those after them land. */
const DEPTH = process.env.CHANGEOVER_LONG === '1' ? 6 : 4

const fates: readonly ((save: PendingSave, pass: () => Promise<void>) => Promise<void>)[] = [
  async (save) => save.land(),
  async (save) => save.fail(new Error('scripted')),
  async (save) => save.landAndFail(),
  async (save, passDeadline) => {
    await passDeadline()
    save.land()
  },
  async (save, passDeadline) => {
    await passDeadline()
    save.fail(new Error('scripted'))
  },
]

interface Scenario {
  /** The sequences in the three entries; 0 for an entry that is damaged. */
  readonly before: readonly number[]
  /** The lists of goods that are saved one after the other. */
  readonly lists: readonly (readonly Good[])[]
}

const goods = (...sequences: readonly number[]): readonly Good[] => sequences.map((sequence) => goodOf(sequence))
/** An older good that has become the newest. */
const again = (sequence: number, before: number): Good => ({ ...goodOf(before), sequence })
/** The same good as another document. */
const renewed = (sequence: number): Good => ({ ...goodOf(sequence), revision: goodOf(99).revision })

const scenarios: Readonly<Record<string, Scenario>> = {
  'the first goods': { before: [], lists: [goods(1), goods(2, 1), goods(3, 2, 1), goods(4, 3, 2)] },
  'the next goods': { before: [3, 2, 1], lists: [goods(4, 3, 2), goods(5, 4, 3)] },
  'new goods after saves that had failed': { before: [1], lists: [goods(6, 5, 4)] },
  'goods in disorder': { before: [3, 6, 5], lists: [goods(7, 6, 5), goods(8, 7, 6)] },
  'a list without the newest good of before': { before: [3, 6, 5], lists: [goods(7, 5, 3)] },
  'the oldest good as the newest': { before: [3, 2, 1], lists: [[again(4, 1), ...goods(3, 2)]] },
  'a good as the newest, and back': {
    before: [3, 2, 1],
    lists: [
      [again(4, 2), ...goods(3, 1)],
      [again(5, 3), again(4, 2), ...goods(1)],
    ],
  },
  'a good that came as another document': { before: [3, 2, 1], lists: [[...goods(4), renewed(3), ...goods(2)]] },
  'goods beside a damaged one': { before: [3, 0, 1], lists: [goods(4, 3, 1), goods(5, 4, 3)] },
  'goods over damaged ones': { before: [0, 0, 0], lists: [goods(4), goods(5, 4)] },
}

/** Saves the lists of a scenario; `choose` picks the fate of each save. Returns how many saves there were. */
const play = async ({ before, lists }: Scenario, choose: (options: number) => number): Promise<number> => {
  const { store, kept, begun, most } = manualStore()
  for (const [index, name] of goodNames.entries()) {
    const sequence = before[index]
    if (sequence !== undefined) kept.set(name, sequence === 0 ? 'damaged' : (goodCodec.encode(goodOf(sequence)) ?? ''))
  }
  const newest = (): number => Math.max(0, ...sequencesIn(kept))
  let top = newest()
  const { persistence, clock } = persistenceOf(store)
  await persistence.load()
  let ended = 0
  /** Ends the saves that have begun, until none begins. The process may die at any moment: the newest must never fall. */
  const endSaves = async (): Promise<void> => {
    for (let save = begun[ended]; save !== undefined; save = begun[ended]) {
      ended += 1
      await fates[choose(fates.length)]?.(save, () => clock.advance(DEADLINE_MS))
      if (newest() < top) throw new Error(`the newest good fell from ${top} to ${newest()}`)
      top = newest()
      await clock.advance(0)
    }
  }
  for (const list of lists) {
    const saving = persistence.saveGoods(list).then((isStored) => {
      const isTrue = list.every(({ sequence }) => sequencesIn(kept).includes(sequence))
      if (isStored && !isTrue) throw new Error('a good is said to be stored and is not')
    })
    await clock.advance(0)
    await endSaves()
    await saving
  }
  for (let retries = 0; retries < 12; retries++) {
    await clock.advance(8_000)
    await endSaves()
  }
  const last = lists.at(-1) ?? []
  expect(goodsIn(kept)).toEqual(expect.arrayContaining([...last]))
  expect(top).toBe(last[0]?.sequence)
  expect(persistence.status().lastError).toBeUndefined()
  expect(most.ofGoods).toBe(1)
  expect(clock.pending()).toBe(0)
  persistence.close()
  return ended
}

describe('the newest good in the store', () => {
  it.each(Object.entries(scenarios))(
    `never gets older, whatever the first ${DEPTH} saves come to, and the last list is stored in the end: %s`,
    async (_title, scenario) => {
      let saves = 0
      const runs = await exploreChoices(DEPTH, async (choose) => {
        saves += await play(scenario, choose)
      })
      expect(runs).toBeGreaterThan(fates.length)
      expect(saves).toBeGreaterThan(runs)
    },
  )
})
