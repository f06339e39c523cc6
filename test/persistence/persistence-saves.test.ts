import { describe, expect, it } from 'vitest'
import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { createRandom } from '../model/random-json.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'
import { DEADLINE_MS, keeperOf, manualStore } from './stores.ts'

const textOf = (n: number): string | undefined => journalCodec.encode(journalOf(n))
const goodText = (n: number): string | undefined => goodCodec.encode(goodOf(n))

/** What a promise has come to, where it has. */
const watch = (promise: Promise<boolean>): { value?: boolean } => {
  const seen: { value?: boolean } = {}
  promise.then(
    (value) => {
      seen.value = value
    },
    () => {},
  )
  return seen
}

describe('of several journals', () => {
  it('the newest that waits replaces the others', async () => {
    const { store, begun, kept } = manualStore()
    const { keeper, clock } = keeperOf(store)
    const results = [1, 2, 3, 4].map((n) => watch(keeper.saveJournal(journalOf(n))))
    await clock.advance(0)
    expect(begun.map(({ text }) => text)).toEqual([textOf(1)])
    begun[0]?.land()
    await clock.advance(0)
    expect(begun.map(({ text }) => text)).toEqual([textOf(1), textOf(4)])
    // The others wait for what is newer than they are.
    expect(results).toEqual([{ value: true }, {}, {}, {}])
    begun[1]?.land()
    await clock.advance(0)
    expect(results).toEqual([1, 2, 3, 4].map(() => ({ value: true })))
    expect(kept.get('journal')).toBe(textOf(4))
    expect(clock.pending()).toBe(0)
  })

  it('each learns of its own try, though newer ones keep coming', async () => {
    const { store, begun } = manualStore()
    const { keeper, clock } = keeperOf(store)
    const results: { value?: boolean }[] = []
    for (let n = 0; n < 10; n++) {
      results.push(watch(keeper.saveJournal(journalOf(n))))
      await clock.advance(0)
      if (n > 0) {
        begun.at(-1)?.fail(new Error('no'))
        await clock.advance(0)
        expect(results[n - 1]).toEqual({ value: false })
      }
    }
  })
})

describe('saves of several entries', () => {
  it('are never made side by side, and in the order in which they were asked for', async () => {
    const { store, begun, names, most } = manualStore()
    const { keeper, clock } = keeperOf(store)
    const results = [
      keeper.saveJournal(journalOf(1)),
      keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)]),
      keeper.saveJournal(journalOf(2)),
    ].map(watch)
    for (let n = 0; n < 5; n++) {
      await clock.advance(0)
      expect(begun).toHaveLength(n + 1)
      begun[n]?.land()
    }
    await clock.advance(0)
    expect(names()).toEqual(['journal', 'good.2', 'good.1', 'good', 'journal'])
    expect(results).toEqual(results.map(() => ({ value: true })))
    expect(most().atAll).toBe(1)
  })

  it('of a list of goods come to their end before the next list', async () => {
    const { store, begun, kept } = manualStore()
    const { keeper, clock } = keeperOf(store)
    const first = watch(keeper.saveGoods([goodOf(2), goodOf(1)]))
    await clock.advance(0)
    const second = watch(keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)]))
    for (let n = 0; n < 5; n++) {
      begun[n]?.land()
      await clock.advance(0)
    }
    expect(begun.map(({ name, text }) => [name, text])).toEqual([
      ['good.1', goodText(1)],
      ['good', goodText(2)],
      ['good.2', goodText(1)],
      ['good.1', goodText(2)],
      ['good', goodText(3)],
    ])
    expect([first, second]).toEqual([{ value: true }, { value: true }])
    expect(kept.get('good')).toBe(goodText(3))
  })
})

describe('a journal that replaces one that waits', () => {
  it('does not overtake the goods that were asked for in between', async () => {
    const { store, begun, names } = manualStore()
    const { keeper, clock } = keeperOf(store)
    void keeper.saveGoods([goodOf(1)])
    void keeper.saveJournal(journalOf(1))
    void keeper.saveGoods([goodOf(2)])
    void keeper.saveJournal(journalOf(2))
    for (let n = 0; n < 3; n++) {
      begun[n]?.land()
      await clock.advance(0)
    }
    expect(names()).toEqual(['good', 'good', 'journal'])
  })
})

describe('a save that does not end', () => {
  it('and lands while another waits for its back-off, leaves one timer', async () => {
    const { store, begun } = manualStore()
    const { keeper, clock } = keeperOf(store)
    void keeper.saveGoods([goodOf(1)])
    await clock.advance(DEADLINE_MS)
    void keeper.saveJournal(journalOf(1))
    await clock.advance(0)
    begun[1]?.fail()
    await clock.advance(0)
    expect(clock.pending()).toBe(1)
    begun[0]?.land()
    await clock.advance(0)
    begun[2]?.fail()
    await clock.advance(0)
    expect(begun.map(({ name }) => name)).toEqual(['good', 'journal', 'journal'])
    expect(clock.pending()).toBe(1)
  })

  it('is given up at its deadline, and what is newer waits until it has settled', async () => {
    const { store, begun, kept, most } = manualStore()
    const { keeper, clock, failures } = keeperOf(store)
    const first = watch(keeper.saveJournal(journalOf(1)))
    await clock.advance(DEADLINE_MS - 1)
    expect(first).toEqual({})
    await clock.advance(1)
    expect(first).toEqual({ value: false })
    expect(wordsOf(failures)).toEqual(['persistence.timeout journal'])
    // Nothing can be tried, so nothing is awaited.
    expect(clock.pending()).toBe(0)

    const more = [2, 3].map((n) => watch(keeper.saveJournal(journalOf(n))))
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(more).toEqual([{ value: false }, { value: false }])
    // Who asks is told each time.
    expect(wordsOf(failures)).toEqual(['journal', 'journal', 'journal'].map((name) => `persistence.timeout ${name}`))

    begun[0]?.land()
    await clock.advance(0)
    expect(begun.map(({ text }) => text)).toEqual([textOf(1), textOf(3)])
    begun[1]?.land()
    await clock.advance(0)
    expect(kept.get('journal')).toBe(textOf(3))
    expect(keeper.status()).toEqual({ lastSavedAt: clock.now() })
    expect(most().ofOne).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  it('and lands late, is enough where nothing newer was asked for', async () => {
    const { store, begun } = manualStore()
    const { keeper, clock } = keeperOf(store)
    void keeper.saveJournal(journalOf(1))
    await clock.advance(DEADLINE_MS)
    begun[0]?.land()
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(keeper.status()).toEqual({ lastSavedAt: clock.now() - 60_000 })
    expect(await keeper.saveJournal(journalOf(1))).toBe(true)
    expect(begun).toHaveLength(1)
  })

  it('and fails late, is reported and made again with back-off', async () => {
    const { store, begun, kept } = manualStore()
    const { keeper, clock, failures } = keeperOf(store)
    void keeper.saveJournal(journalOf(1))
    await clock.advance(DEADLINE_MS)
    begun[0]?.fail(Object.assign(new Error('secret'), { code: 'EIO' }))
    await clock.advance(0)
    expect(wordsOf(failures)).toEqual(['persistence.timeout journal', 'persistence.failed journal EIO'])
    expect(begun).toHaveLength(1)
    await clock.advance(750)
    expect(begun).toHaveLength(2)
    begun[1]?.land()
    await clock.advance(0)
    expect(kept.get('journal')).toBe(textOf(1))
    expect(clock.pending()).toBe(0)
  })

  it('and ends in the very moment of its deadline, holds up nothing', async () => {
    const { store, begun } = manualStore()
    const due: (() => void)[] = []
    const clock = {
      now: () => 0,
      monotonic: () => 0,
      setTimeout: (wake: () => void) => due.push(wake),
      clearTimeout: () => {},
    }
    const keeper = new Persistence(store, { clock, deadlineMs: DEADLINE_MS, report: () => {} })
    const first = keeper.saveJournal(journalOf(1))
    due[0]?.()
    begun[0]?.land()
    await first
    const second = keeper.saveJournal(journalOf(2))
    await expect.poll(() => begun.length).toBe(2)
    begun[1]?.land()
    expect(await second).toBe(true)
  })

  it('holds up its own entry alone', async () => {
    const { store, begun, kept } = manualStore()
    const { keeper, clock } = keeperOf(store)
    const goods = watch(keeper.saveGoods([goodOf(2), goodOf(1)]))
    await clock.advance(DEADLINE_MS) // good.1 hangs
    expect(begun.map(({ name }) => name)).toEqual(['good.1', 'good'])
    begun[1]?.land()
    await clock.advance(0)
    expect(goods).toEqual({ value: false })
    const journal = watch(keeper.saveJournal(journalOf(1)))
    await clock.advance(0)
    begun[2]?.land()
    await clock.advance(0)
    expect(journal).toEqual({ value: true })
    expect([...kept.keys()]).toEqual(['good', 'journal'])
    begun[0]?.land()
    await clock.advance(0)
    expect(keeper.status().lastError).toBeUndefined()
    expect(begun).toHaveLength(3)
  })

  it('of the newest good does not let an older one take the place of the one there is', async () => {
    const { store, begun, kept } = manualStore()
    // The newest there is stands in the middle, as a crash in a list of retries leaves it.
    for (const [name, n] of [
      ['good', 3],
      ['good.1', 6],
      ['good.2', 5],
    ] as const)
      kept.set(name, goodText(n) ?? '')
    const { keeper, clock } = keeperOf(store)
    await keeper.load()
    void keeper.saveGoods([goodOf(7), goodOf(5), goodOf(4)])
    await clock.advance(0)
    expect(begun.map(({ name }) => name)).toEqual(['good'])
    await clock.advance(DEADLINE_MS)
    begun[1]?.land()
    await clock.advance(60_000)
    expect(begun.map(({ name }) => name)).toEqual(['good', 'good.2'])
    expect(kept.get('good.1')).toBe(goodText(6))
    begun[0]?.land()
    await clock.advance(0)
    begun[2]?.land()
    await clock.advance(0)
    expect((await keeper.load()).goods.map(({ sequence }) => sequence)).toEqual([7, 5, 4])
  })
})

describe('flushing', () => {
  it('is at once where nothing is being saved', async () => {
    await keeperOf(manualStore().store).keeper.flush()
  })

  it('waits for what is running and for what waits behind it, each within its deadline', async () => {
    const { store, begun } = manualStore()
    const { keeper, clock } = keeperOf(store)
    void keeper.saveGoods([goodOf(1)])
    void keeper.saveJournal(journalOf(1))
    const flushed = watch(keeper.flush().then(() => true))
    await clock.advance(DEADLINE_MS)
    begun[1]?.land()
    expect(flushed).toEqual({})
    await clock.advance(0)
    expect(flushed).toEqual({ value: true })
    expect(begun).toHaveLength(2)
  })

  it('does not wait for what is saved later, nor for a save that was given up', async () => {
    const { store } = manualStore()
    const { keeper, clock } = keeperOf(store)
    void keeper.saveJournal(journalOf(1))
    await clock.advance(DEADLINE_MS)
    const flushed = watch(keeper.flush().then(() => true))
    await clock.advance(0)
    expect(flushed).toEqual({ value: true })
  })
})

describe('closing', () => {
  it('leaves nothing: no timer, no waiter, no further save, no report', async () => {
    const { store, begun } = manualStore()
    const { keeper, clock, failures } = keeperOf(store)
    const results = [
      keeper.saveJournal(journalOf(1)),
      keeper.saveGoods([goodOf(1)]),
      keeper.saveJournal(journalOf(2)),
    ].map(watch)
    const flushed = watch(keeper.flush().then(() => true))
    await clock.advance(1)
    keeper.close()
    expect(clock.pending()).toBe(0)
    await clock.advance(0)
    expect(results).toEqual([{ value: false }, { value: false }, { value: false }])
    expect(flushed).toEqual({ value: true })
    begun[0]?.fail(new Error('late'))
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(await keeper.saveGoods([goodOf(2)])).toBe(false)
    expect(await keeper.load()).toEqual({ goods: [], journal: undefined })
    await keeper.flush()
    keeper.close()
    expect(failures).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  it('ends a retry that waits', async () => {
    const { store, begun } = manualStore()
    const { keeper, clock } = keeperOf(store)
    void keeper.saveJournal(journalOf(1))
    await clock.advance(0)
    begun[0]?.fail()
    await clock.advance(0)
    expect(clock.pending()).toBe(1)
    keeper.close()
    expect(clock.pending()).toBe(0)
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
  })

  it('ends a load that hangs', async () => {
    const { keeper, clock, failures } = keeperOf({ load: () => new Promise(() => {}), save: () => {} })
    const loading = keeper.load()
    await clock.advance(1)
    keeper.close()
    expect(clock.pending()).toBe(0)
    expect(await loading).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
  })
})

describe('a store that does anything', () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`never holds an older text after a newer one, and has the newest in the end (seed ${seed})`, async () => {
    for (let run = 0; run < 300; run++) {
      const random = createRandom(seed + run)
      const { store, begun, kept, most } = manualStore()
      const { keeper, clock } = keeperOf(store)
      const unsettled: (typeof begun)[number][] = []
      let journals = 0
      let goods = 0
      let known = 0
      let top = 0
      const look = (): void => {
        unsettled.push(...begun.slice(known))
        known = begun.length
        const newest = Math.max(
          0,
          ...(['good', 'good.1', 'good.2'] as const).map((name) => {
            const decoded = goodCodec.decode(kept.get(name))
            return decoded.kind === 'valid' ? decoded.value.sequence : 0
          }),
        )
        if (newest < top) throw new Error(`run ${run}: the newest good fell from ${top} to ${newest}`)
        top = newest
        if (most().ofOne > 1) throw new Error(`run ${run}: two saves of one entry at one time`)
      }
      const promises: Promise<boolean>[] = []
      for (let step = 0; step < 60; step++) {
        const action = random.next()
        if (action < 0.2) promises.push(keeper.saveJournal(journalOf(++journals)))
        else if (action < 0.4) {
          goods += 1
          promises.push(keeper.saveGoods([goods, goods - 1, goods - 2].filter((n) => n > 0).map((n) => goodOf(n))))
        } else if (action < 0.7 && unsettled.length > 0) {
          const [save] = unsettled.splice(random.upTo(unsettled.length), 1)
          if (random.chance(0.6)) save?.land()
          else save?.fail(new Error('no'))
        } else await clock.advance(random.pick([0, 10, 500, DEADLINE_MS, 5_000]))
        look()
      }
      for (let step = 0; step < 40; step++) {
        look()
        for (const save of unsettled.splice(0)) save.land()
        await clock.advance(1_000)
      }
      await Promise.all(promises)
      await keeper.flush()
      const wanted = goods === 0 ? undefined : goodText(goods)
      expect(kept.get('good'), `run ${run}`).toBe(wanted)
      expect(kept.get('journal'), `run ${run}`).toBe(journals === 0 ? undefined : textOf(journals))
      expect(keeper.status().lastError, `run ${run}`).toBeUndefined()
      expect(clock.pending(), `run ${run}`).toBe(0)
      keeper.close()
    }
  })
})
