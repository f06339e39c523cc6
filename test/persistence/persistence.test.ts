import { describe, expect, it } from 'vitest'
import { goodCodec, journalCodec, MAX_ENTRY_BYTES } from '../../src/persistence/codec.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import type { Good } from '../../src/persistence/journal.ts'
import type { EntryName, GoodStore } from '../../src/api/good-store.ts'
import { unsafeCause } from '../../src/model/failure.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'
import { DEADLINE_MS, keeperOf, memoryStore, throwing } from './stores.ts'

const never = new Promise<never>(() => {})
const put = (kept: Map<EntryName, string>, name: EntryName, good: Good): void => {
  kept.set(name, goodCodec.encode(good) ?? '')
}

describe('loading', () => {
  it('finds nothing in a new store, and does not complain', async () => {
    const { keeper, clock, failures } = keeperOf(memoryStore().store)
    expect(await keeper.load()).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
    expect(keeper.status()).toEqual({})
    expect(clock.pending()).toBe(0)
  })

  it('finds what another keeper has kept', async () => {
    const { store } = memoryStore()
    const { keeper, clock } = keeperOf(store)
    expect(await keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect(await keeper.saveJournal(journalOf(1))).toBe(true)
    expect(await keeperOf(store).keeper.load()).toEqual({
      goods: [goodOf(3), goodOf(2), goodOf(1)],
      journal: journalOf(1),
    })
    expect(keeper.status()).toEqual({ lastSavedAt: clock.now() })
  })

  it('orders by sequence, whichever entry they are in, and takes each digest once', async () => {
    const { store, kept } = memoryStore()
    put(kept, 'good', goodOf(3))
    put(kept, 'good.1', goodOf(5))
    put(kept, 'good.2', { ...goodOf(4), digest: 'digest-5' })
    expect((await keeperOf(store).keeper.load()).goods).toEqual([goodOf(5), goodOf(3)])
  })

  it('prefers the one that was kept last where two have one sequence, as two processes on one path make', async () => {
    const { store, kept } = memoryStore()
    const later = { ...goodOf(3), digest: 'other', savedAt: goodOf(3).savedAt + 1 }
    put(kept, 'good', goodOf(3))
    put(kept, 'good.1', later)
    expect((await keeperOf(store).keeper.load()).goods).toEqual([later, goodOf(3)])
  })

  it.each<[string, (text: string | undefined) => unknown, string]>([
    ['is torn', (text) => text?.slice(0, -9), 'persistence.damaged good'],
    ['is empty', () => '', 'persistence.damaged good'],
    ['is of another version', (text) => text?.replace('changeover/1', 'changeover/2'), 'persistence.foreign good'],
    ['is no text', () => 7, 'persistence.damaged good'],
    ['is a buffer', (text) => Buffer.from(text ?? ''), 'persistence.damaged good'],
    [
      'rejects',
      () => Promise.reject(Object.assign(new Error('secret'), { code: 'EACCES' })),
      'persistence.failed good EACCES',
    ],
    ['rejects with nothing', () => Promise.reject(undefined), 'persistence.failed good'],
    ['throws text', throwing('secret'), 'persistence.failed good'],
    ['hangs', () => never, 'persistence.timeout good'],
    [
      'answers with a thenable that throws',
      () => ({
        get then() {
          throw new Error('secret')
        },
      }),
      'persistence.failed good',
    ],
    ['answers with a thenable that never calls back', () => ({ then: () => {} }), 'persistence.timeout good'],
  ])('uses the older ones where the newest %s', async (_title, spoil, word) => {
    const { store, kept, behaviour } = memoryStore()
    const { load } = behaviour
    await keeperOf(store).keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    await keeperOf(store).keeper.saveJournal(journalOf(1))
    behaviour.load = (name) => (name === 'good' ? spoil(kept.get(name)) : load(name))
    const { keeper, clock, failures } = keeperOf(store)
    const loading = keeper.load()
    await clock.advance(DEADLINE_MS)
    expect(await loading).toEqual({ goods: [goodOf(2), goodOf(1)], journal: journalOf(1) })
    expect(wordsOf(failures)).toEqual([word])
    expect(failures[0]?.phase).toBe('persist')
    expect(JSON.stringify(failures)).not.toContain('secret')
    expect(keeper.status()).toEqual({ lastError: failures[0] })
    expect(clock.pending()).toBe(0)
  })

  it('takes one deadline where nothing answers at all', async () => {
    const { store, behaviour } = memoryStore()
    behaviour.load = () => never
    const { keeper, clock, failures } = keeperOf(store)
    const loading = keeper.load()
    await clock.advance(DEADLINE_MS)
    expect(await loading).toEqual({ goods: [], journal: undefined })
    expect(wordsOf(failures)).toEqual(
      ['good', 'good.1', 'good.2', 'journal'].map((name) => `persistence.timeout ${name}`),
    )
  })

  it.each([null, undefined])('takes %s for an entry that was never saved', async (nothing) => {
    const { store, behaviour } = memoryStore()
    behaviour.load = () => nothing
    const { keeper, failures } = keeperOf(store)
    expect(await keeper.load()).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
  })

  it('survives a store whose members throw', async () => {
    const store = new Proxy({} as GoodStore, {
      get: () => {
        throw new Error('no')
      },
    })
    const { keeper, clock, failures } = keeperOf(store)
    expect(await keeper.load()).toEqual({ goods: [], journal: undefined })
    expect(await keeper.saveJournal(journalOf(1))).toBe(false)
    expect(new Set(wordsOf(failures.slice(0, 4)))).toHaveLength(4)
    keeper.close()
    expect(clock.pending()).toBe(0)
  })

  it('survives who is told of a failure and throws', async () => {
    const { store, behaviour } = memoryStore()
    behaviour.load = () => 'torn'
    const report = (): void => {
      throw new Error('no')
    }
    const { clock } = keeperOf(store)
    const keeper = new Persistence(store, { clock, deadlineMs: DEADLINE_MS, report })
    expect(await keeper.load()).toEqual({ goods: [], journal: undefined })
    expect(keeper.status().lastError?.code).toBe('persistence.damaged')
  })
})

describe('saving', () => {
  it('writes the oldest first and only what has changed', async () => {
    const { store, saves } = memoryStore()
    const { keeper } = keeperOf(store)
    await keeper.saveGoods([goodOf(1)])
    expect(saves.splice(0)).toEqual(['good'])
    await keeper.saveGoods([goodOf(2), goodOf(1)])
    expect(saves.splice(0)).toEqual(['good.1', 'good'])
    await keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    expect(saves.splice(0)).toEqual(['good.2', 'good.1', 'good'])
    expect(await keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect(saves.splice(0)).toEqual([])
    await keeper.saveGoods([goodOf(4), goodOf(2), goodOf(1)])
    expect(saves.splice(0)).toEqual(['good'])
  })

  it('knows from the load what has changed', async () => {
    const { store, saves, kept } = memoryStore()
    await keeperOf(store).keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    await keeperOf(store).keeper.saveJournal(journalOf(1))
    kept.set('good.1', 'damaged')
    saves.length = 0
    const { keeper } = keeperOf(store)
    await keeper.load()
    expect(await keeper.saveJournal(journalOf(1))).toBe(true)
    expect(await keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect(saves).toEqual(['good.1'])
    expect(keeper.status().lastError).toBeUndefined()
  })

  it('keeps three goods and no more, and leaves the other entries where there are fewer', async () => {
    const { store, kept } = memoryStore()
    const { keeper } = keeperOf(store)
    await keeper.saveGoods([goodOf(5), goodOf(4), goodOf(3), goodOf(2), goodOf(1)])
    expect([...kept.keys()].sort()).toEqual(['good', 'good.1', 'good.2'])
    await keeper.saveGoods([goodOf(6)])
    expect((await keeper.load()).goods).toEqual([goodOf(6), goodOf(4), goodOf(3)])
  })

  it('keeps what it can where a good cannot be kept at all, says so, and does not try for ever', async () => {
    const { store, saves } = memoryStore()
    const { keeper, clock, failures } = keeperOf(store)
    const huge = goodOf(2, 'x'.repeat(MAX_ENTRY_BYTES))
    expect(await keeper.saveGoods([huge, goodOf(1)])).toBe(false)
    expect(saves).toEqual(['good'])
    expect(wordsOf(failures)).toEqual(['persistence.failed a good that is too large to be kept'])
    expect(keeper.status()).toEqual({ lastSavedAt: clock.now(), lastError: failures[0] })
    expect(clock.pending()).toBe(0)
    expect(await keeper.saveGoods([goodOf(5), goodOf(4), goodOf(3), huge])).toBe(true)
    expect(keeper.status().lastError).toBeUndefined()
  })

  it('refuses a journal that could not be read again', async () => {
    const { store, saves } = memoryStore()
    const { keeper, failures } = keeperOf(store)
    expect(await keeper.saveJournal({ ...journalOf(1), digestKey: '' })).toBe(false)
    expect(saves).toEqual([])
    expect(failures.map(({ code }) => code)).toEqual(['persistence.failed'])
  })

  it.each<[string, () => unknown, string]>([
    [
      'rejects',
      () => Promise.reject(Object.assign(new Error('secret'), { code: 'ENOSPC' })),
      'persistence.failed journal ENOSPC',
    ],
    ['rejects with text', () => Promise.reject('secret'), 'persistence.failed journal'],
    ['rejects with nothing', () => Promise.reject(), 'persistence.failed journal'],
    ['throws null', throwing(null), 'persistence.failed journal'],
  ])('tries again with back-off until it succeeds, where the store %s', async (_title, save, word) => {
    const { store, saves, behaviour, kept } = memoryStore()
    behaviour.save = save
    const { keeper, clock, failures } = keeperOf(store)
    expect(await keeper.saveJournal(journalOf(1))).toBe(false)
    expect(wordsOf(failures)).toEqual([word])
    expect(keeper.status()).toEqual({ lastError: failures[0] })
    await clock.advance(0)
    expect(clock.pending()).toBe(1)
    // Of a doubling delay one half is random, here half of it: 0.75, 1.5, 3, 6, 6, … seconds.
    const times = [750, 1_500, 3_000, 6_000, 6_000]
    for (const [index, ms] of times.entries()) {
      await clock.advance(ms - 1)
      expect(saves).toHaveLength(index + 1)
      await clock.advance(1)
      expect(saves).toHaveLength(index + 2)
      expect(clock.pending()).toBe(1)
    }
    behaviour.save = () => undefined
    await clock.advance(6_000)
    expect(kept.get('journal')).toBe(journalCodec.encode(journalOf(1)))
    expect(keeper.status()).toEqual({ lastSavedAt: clock.now() })
    expect(clock.pending()).toBe(0)
    expect(JSON.stringify(failures)).not.toContain('secret')
    // What has healed starts from the beginning.
    behaviour.save = save
    await keeper.saveJournal(journalOf(2))
    const before = saves.length
    await clock.advance(750)
    expect(saves).toHaveLength(before + 1)
  })

  it('gives the cause of a failure to debuggers alone', async () => {
    const { store, behaviour } = memoryStore()
    const error = new Error('secret')
    behaviour.save = () => Promise.reject(error)
    const { keeper, failures } = keeperOf(store)
    await keeper.saveJournal(journalOf(1))
    expect(failures.map(unsafeCause)).toEqual([error])
  })

  it('goes on with the other entries where one fails, and heals that one later', async () => {
    const { store, behaviour, kept } = memoryStore()
    const { keeper, clock, failures } = keeperOf(store)
    await keeper.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    behaviour.save = (name) => (name === 'good.1' ? Promise.reject(new Error('no')) : undefined)
    expect(await keeper.saveGoods([goodOf(4), goodOf(3), goodOf(2)])).toBe(false)
    expect(kept.get('good')).toBe(goodCodec.encode(goodOf(4)))
    expect(wordsOf(failures)).toEqual(['persistence.failed good.1'])
    behaviour.save = () => undefined
    await clock.advance(750)
    expect((await keeperOf(store).keeper.load()).goods).toEqual([goodOf(4), goodOf(3), goodOf(2)])
    expect(keeper.status().lastError).toBeUndefined()
  })

  it('says that something failed until all of it is kept', async () => {
    const { store, behaviour } = memoryStore()
    const { keeper, clock } = keeperOf(store)
    behaviour.save = (name) => (name === 'good' ? Promise.reject(new Error('no')) : undefined)
    await keeper.saveGoods([goodOf(1)])
    expect(await keeper.saveJournal(journalOf(1))).toBe(true)
    expect(keeper.status()).toMatchObject({ lastSavedAt: clock.now(), lastError: { detail: 'good' } })
    behaviour.save = () => undefined
    await clock.advance(60_000)
    expect(keeper.status().lastError).toBeUndefined()
  })

  it('tries at once where it is asked again before the back-off is over, with one timer at most', async () => {
    const { store, behaviour, saves } = memoryStore()
    behaviour.save = () => Promise.reject(new Error('no'))
    const { keeper, clock } = keeperOf(store)
    for (let n = 1; n <= 5; n++) {
      expect(await keeper.saveJournal(journalOf(n))).toBe(false)
      expect(await keeper.saveGoods([goodOf(n)])).toBe(false)
      await clock.advance(0)
      expect(clock.pending()).toBe(1)
    }
    // Each is asked for once, and takes with it what the other one has left.
    expect(saves.filter((name) => name === 'journal').length).toBe(5)
    expect(saves.filter((name) => name === 'good').length).toBe(5)
    behaviour.save = () => undefined
    await clock.advance(8_000)
    expect((await keeper.load()).goods).toEqual([goodOf(5)])
    expect(clock.pending()).toBe(0)
  })
  it('tries an entry again in its time, however often others are saved meanwhile', async () => {
    const { store, behaviour, saves } = memoryStore()
    behaviour.save = (name) => (name === 'good' ? Promise.reject(new Error('no')) : undefined)
    const { keeper, clock } = keeperOf(store)
    await keeper.saveGoods([goodOf(1)])
    for (let n = 1; n <= 100; n++) {
      await keeper.saveJournal(journalOf(n))
      await clock.advance(100)
    }
    // At 0, 0.75, 2.25 and 5.25 s.
    expect(saves.filter((name) => name === 'good')).toHaveLength(4)
    expect(saves.filter((name) => name === 'journal')).toHaveLength(100)
  })
})
