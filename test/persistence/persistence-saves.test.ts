import { describe, expect, it } from 'vitest'
import { goodCodec, journalCodec } from '../../src/persistence/codec.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import { createRandom, type Random } from '../support/random.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'
import { DEADLINE_MS, goodNames, manualStore, type PendingSave, persistenceOf, sequencesIn } from './stores.ts'

const textOf = (n: number): string | undefined => journalCodec.encode(journalOf(n))
const goodText = (n: number): string | undefined => goodCodec.encode(goodOf(n))

/** What a promise has resolved with, if it has. */
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

describe('a journal', () => {
  it('replaces the ones that are still pending', async () => {
    const { store, begun, kept } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    const results = [1, 2, 3, 4].map((n) => watch(persistence.saveJournal(journalOf(n))))
    await clock.advance(0)
    expect(begun.map(({ text }) => text)).toEqual([textOf(1)])
    begun[0]?.land()
    await clock.advance(0)
    expect(begun.map(({ text }) => text)).toEqual([textOf(1), textOf(4)])
    // The others wait for the newest.
    expect(results).toEqual([{ value: true }, {}, {}, {}])
    begun[1]?.land()
    await clock.advance(0)
    expect(results).toEqual([1, 2, 3, 4].map(() => ({ value: true })))
    expect(kept.get('journal')).toBe(textOf(4))
    expect(clock.pending()).toBe(0)
  })

  it('resolves after its own try, though newer ones keep coming', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    const results: { value?: boolean }[] = []
    for (let n = 0; n < 10; n++) {
      results.push(watch(persistence.saveJournal(journalOf(n))))
      await clock.advance(0)
      if (n > 0) {
        begun.at(-1)?.fail(new Error('no'))
        await clock.advance(0)
        expect(results[n - 1]).toEqual({ value: false })
      }
    }
  })
})

describe('saves', () => {
  it('never run side by side, and keep the order of their requests', async () => {
    const { store, begun, names, most } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    const results = [
      persistence.saveJournal(journalOf(1)),
      persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)]),
      persistence.saveJournal(journalOf(2)),
    ].map(watch)
    for (let n = 0; n < 5; n++) {
      await clock.advance(0)
      expect(begun).toHaveLength(n + 1)
      begun[n]?.land()
    }
    await clock.advance(0)
    expect(names()).toEqual(['journal', 'good', 'good.1', 'good.2', 'journal'])
    expect(results).toEqual(results.map(() => ({ value: true })))
    expect(most.atAll).toBe(1)
  })

  it('of a list of goods end before those of the next list begin', async () => {
    const { store, begun, kept } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    const first = watch(persistence.saveGoods([goodOf(2), goodOf(1)]))
    await clock.advance(0)
    const second = watch(persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)]))
    for (let n = 0; n < 3; n++) {
      begun[n]?.land()
      await clock.advance(0)
    }
    expect(begun.map(({ name, text }) => [name, text])).toEqual([
      ['good', goodText(2)],
      ['good.1', goodText(1)],
      ['good.2', goodText(3)],
    ])
    expect([first, second]).toEqual([{ value: true }, { value: true }])
    expect(kept.size).toBe(3)
  })

  it('of a journal that replaces a pending one do not overtake the goods that were requested in between', async () => {
    const { store, begun, names } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    void persistence.saveGoods([goodOf(1)])
    void persistence.saveJournal(journalOf(1))
    void persistence.saveGoods([goodOf(2)])
    void persistence.saveJournal(journalOf(2))
    for (let n = 0; n < 3; n++) {
      begun[n]?.land()
      await clock.advance(0)
    }
    expect(names()).toEqual(['good', 'good.1', 'journal'])
  })
})

describe('a save that exceeds its deadline', () => {
  it('leaves one timer if it lands while another waits for its back-off', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    void persistence.saveGoods([goodOf(1)])
    await clock.advance(DEADLINE_MS)
    void persistence.saveJournal(journalOf(1))
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

  it('is not reported again when something else is retried', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock, failures } = persistenceOf(store)
    void persistence.saveGoods([goodOf(1)])
    await clock.advance(DEADLINE_MS)
    void persistence.saveJournal(journalOf(1))
    await clock.advance(0)
    begun[1]?.fail()
    await clock.advance(750)
    begun[2]?.land()
    await clock.advance(60_000)
    expect(wordsOf(failures)).toEqual(['persistence.timeout good', 'persistence.failed journal'])
    persistence.close()
  })

  it('is abandoned, and newer ones wait until it has settled', async () => {
    const { store, begun, kept, most } = manualStore()
    const { persistence, clock, failures } = persistenceOf(store)
    const first = watch(persistence.saveJournal(journalOf(1)))
    await clock.advance(DEADLINE_MS - 1)
    expect(first).toEqual({})
    await clock.advance(1)
    expect(first).toEqual({ value: false })
    expect(wordsOf(failures)).toEqual(['persistence.timeout journal'])
    // Nothing can be written, so no timer runs.
    expect(clock.pending()).toBe(0)

    const more = [2, 3].map((n) => watch(persistence.saveJournal(journalOf(n))))
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(more).toEqual([{ value: false }, { value: false }])
    // Each request is reported.
    expect(wordsOf(failures)).toEqual(['journal', 'journal', 'journal'].map((name) => `persistence.timeout ${name}`))

    begun[0]?.land()
    await clock.advance(0)
    expect(begun.map(({ text }) => text)).toEqual([textOf(1), textOf(3)])
    begun[1]?.land()
    await clock.advance(0)
    expect(kept.get('journal')).toBe(textOf(3))
    expect(persistence.status()).toEqual({ lastSavedAt: clock.now() })
    expect(most.ofJournals).toBe(1)
    expect(clock.pending()).toBe(0)
  })

  it('is not repeated if it lands late and nothing newer was requested', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    void persistence.saveJournal(journalOf(1))
    await clock.advance(DEADLINE_MS)
    begun[0]?.land()
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(persistence.status()).toEqual({ lastSavedAt: clock.now() - 60_000 })
    expect(await persistence.saveJournal(journalOf(1))).toBe(true)
    expect(begun).toHaveLength(1)
  })

  it('is reported and retried with back-off if it fails late', async () => {
    const { store, begun, kept } = manualStore()
    const { persistence, clock, failures } = persistenceOf(store)
    void persistence.saveJournal(journalOf(1))
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

  it('blocks nothing if it ends in the very moment of its deadline', async () => {
    const { store, begun } = manualStore()
    const due: (() => void)[] = []
    const clock = {
      now: () => 0,
      monotonic: () => 0,
      setTimeout: (wake: () => void) => due.push(wake),
      clearTimeout: () => {},
    }
    const persistence = new Persistence(store, { clock, deadlineMs: DEADLINE_MS, report: () => {} })
    const first = persistence.saveJournal(journalOf(1))
    due[0]?.()
    begun[0]?.land()
    await first
    const second = persistence.saveJournal(journalOf(2))
    await expect.poll(() => begun.length).toBe(2)
    begun[1]?.land()
    expect(await second).toBe(true)
  })

  it('blocks its own kind alone: a good blocks the other goods, but not the journal', async () => {
    const { store, begun, names } = manualStore()
    const { persistence, clock, failures } = persistenceOf(store)
    const goods = watch(persistence.saveGoods([goodOf(2), goodOf(1)]))
    await clock.advance(DEADLINE_MS)
    expect(goods).toEqual({ value: false })
    const journal = watch(persistence.saveJournal(journalOf(1)))
    await clock.advance(0)
    begun[1]?.land()
    await clock.advance(0)
    expect(journal).toEqual({ value: true })
    const more = watch(persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)]))
    await clock.advance(60_000)
    expect(more).toEqual({ value: false })
    expect(names()).toEqual(['good', 'journal'])
    expect(wordsOf(failures)).toEqual(['persistence.timeout good', 'persistence.timeout good'])
    begun[0]?.land()
    await clock.advance(0)
    begun[2]?.land()
    await clock.advance(0)
    begun[3]?.land()
    await clock.advance(0)
    expect(persistence.status().lastError).toBeUndefined()
    expect(names()).toEqual(['good', 'journal', 'good.1', 'good.2'])
    expect(begun.map(({ text }) => text)).toEqual([goodText(2), textOf(1), goodText(3), goodText(1)])
  })

  it('does not let an older good replace the newest one that is stored', async () => {
    const { store, begun, kept, names } = manualStore()
    for (const [name, n] of [
      ['good', 3],
      ['good.1', 6],
      ['good.2', 5],
    ] as const)
      kept.set(name, goodText(n) ?? '')
    const { persistence, clock } = persistenceOf(store)
    await persistence.load()
    void persistence.saveGoods([goodOf(7), goodOf(5), goodOf(4)])
    await clock.advance(DEADLINE_MS)
    expect(names()).toEqual(['good'])
    begun[0]?.fail()
    await clock.advance(60_000)
    // The newest takes the next entry; until that save settles, none begins.
    expect(names()).toEqual(['good', 'good.2'])
    expect(kept.get('good.1')).toBe(goodText(6))
    for (let n = 1; n < 4; n++) {
      begun[n]?.land()
      await clock.advance(0)
    }
    expect((await persistence.load()).goods.map(({ sequence }) => sequence)).toEqual([7, 5, 4])
  })
})

describe('flushing', () => {
  it('resolves at once if nothing is being saved', async () => {
    await persistenceOf(manualStore().store).persistence.flush()
  })

  it('waits for the running save and for the pending ones, each within its deadline', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    void persistence.saveGoods([goodOf(1)])
    void persistence.saveJournal(journalOf(1))
    const flushed = watch(persistence.flush().then(() => true))
    await clock.advance(DEADLINE_MS)
    begun[1]?.land()
    expect(flushed).toEqual({})
    await clock.advance(0)
    expect(flushed).toEqual({ value: true })
    expect(begun).toHaveLength(2)
  })

  it('does not wait for an abandoned save', async () => {
    const { store } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    void persistence.saveJournal(journalOf(1))
    await clock.advance(DEADLINE_MS)
    const flushed = watch(persistence.flush().then(() => true))
    await clock.advance(0)
    expect(flushed).toEqual({ value: true })
  })
})

describe('closing', () => {
  it('leaves no timer, no pending promise, no further save and no report', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock, failures } = persistenceOf(store)
    const results = [
      persistence.saveJournal(journalOf(1)),
      persistence.saveGoods([goodOf(1)]),
      persistence.saveJournal(journalOf(2)),
    ].map(watch)
    const flushed = watch(persistence.flush().then(() => true))
    await clock.advance(1)
    persistence.close()
    expect(clock.pending()).toBe(0)
    await clock.advance(0)
    expect(results).toEqual([{ value: false }, { value: false }, { value: false }])
    expect(flushed).toEqual({ value: true })
    begun[0]?.fail(new Error('late'))
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
    expect(await persistence.saveGoods([goodOf(2)])).toBe(false)
    expect(await persistence.load()).toEqual({ goods: [], journal: undefined })
    await persistence.flush()
    persistence.close()
    expect(failures).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  it('cancels a retry', async () => {
    const { store, begun } = manualStore()
    const { persistence, clock } = persistenceOf(store)
    void persistence.saveJournal(journalOf(1))
    await clock.advance(0)
    begun[0]?.fail()
    await clock.advance(0)
    expect(clock.pending()).toBe(1)
    persistence.close()
    expect(clock.pending()).toBe(0)
    await clock.advance(60_000)
    expect(begun).toHaveLength(1)
  })

  it('ends a load that hangs', async () => {
    const { persistence, clock, failures } = persistenceOf({ load: () => new Promise(() => {}), save: () => {} })
    const loading = persistence.load()
    await clock.advance(1)
    persistence.close()
    expect(clock.pending()).toBe(0)
    expect(await loading).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
  })
})

/** A list of goods; only the first is surely newer than all before. */
const listOf = (random: Random, newest: number): number[] => {
  const others = new Set([random.below(newest), random.below(newest)])
  return [newest, ...[...others].sort((a, b) => b - a)].filter((sequence) => sequence > 0)
}

describe('a store whose saves end in any way and order', () => {
  const seed = Math.floor(Math.random() * 2 ** 32)
  it(`never holds an older text after a newer one, and holds the newest in the end (seed ${seed})`, async () => {
    for (let run = 0; run < 300; run++) {
      const random = createRandom(seed + run)
      const { store, begun, kept, most } = manualStore()
      for (const name of goodNames) if (random.chance(0.5)) kept.set(name, goodText(1 + random.below(5)) ?? '')
      const { persistence, clock } = persistenceOf(store)
      await persistence.load()
      const unsettled: PendingSave[] = []
      let journals = 0
      let goods = 5
      let list: number[] = []
      let known = 0
      let top = 0
      const check = (): void => {
        unsettled.push(...begun.slice(known))
        known = begun.length
        const newest = Math.max(0, ...sequencesIn(kept))
        if (newest < top) throw new Error(`run ${run}: the newest good fell from ${top} to ${newest}`)
        top = newest
        if (Math.max(most.ofGoods, most.ofJournals) > 1) throw new Error(`run ${run}: two saves at the same time`)
      }
      const promises: Promise<boolean>[] = []
      for (let step = 0; step < 60; step++) {
        const action = random.next()
        if (action < 0.2) promises.push(persistence.saveJournal(journalOf(++journals)))
        else if (action < 0.4) {
          goods += 1
          list = listOf(random, goods)
          promises.push(persistence.saveGoods(list.map((n) => goodOf(n))))
        } else if (action < 0.7 && unsettled.length > 0) {
          const [save] = unsettled.splice(random.below(unsettled.length), 1)
          if (random.chance(0.6)) save?.land()
          else if (random.chance(0.5)) save?.fail(new Error('scripted'))
          else save?.landAndFail()
        } else await clock.advance(random.pick([0, 10, 500, DEADLINE_MS, 5_000]))
        check()
      }
      for (let step = 0; step < 40; step++) {
        check()
        for (const save of unsettled.splice(0)) save.land()
        await clock.advance(1_000)
      }
      await Promise.all(promises)
      await persistence.flush()
      expect(sequencesIn(kept), `run ${run}`).toEqual(expect.arrayContaining(list))
      expect(kept.get('journal'), `run ${run}`).toBe(journals === 0 ? undefined : textOf(journals))
      expect(persistence.status().lastError, `run ${run}`).toBeUndefined()
      expect(clock.pending(), `run ${run}`).toBe(0)
      persistence.close()
    }
  })
})
