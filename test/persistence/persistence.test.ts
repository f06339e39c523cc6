import { describe, expect, it } from 'vitest'
import { goodCodec, journalCodec, MAX_ENTRY_BYTES } from '../../src/persistence/codec.ts'
import { Persistence } from '../../src/persistence/persistence.ts'
import type { Good } from '../../src/persistence/persisted-state.ts'
import type { EntryName, GoodStore } from '../../src/api/good-store.ts'
import { unsafeCause } from '../../src/model/failure.ts'
import { goodOf, journalOf, wordsOf } from './scene.ts'
import { DEADLINE_MS, persistenceOf, memoryStore, throwing } from './stores.ts'

const never = new Promise<never>(() => {})
const put = (kept: Map<EntryName, string>, name: EntryName, good: Good): void => {
  kept.set(name, goodCodec.encode(good) ?? '')
}

describe('loading', () => {
  it('finds nothing in a new store, and reports nothing', async () => {
    const { persistence, clock, failures } = persistenceOf(memoryStore().store)
    expect(await persistence.load()).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
    expect(persistence.status()).toEqual({})
    expect(clock.pending()).toBe(0)
  })

  it('finds what another run has stored', async () => {
    const { store } = memoryStore()
    const { persistence, clock } = persistenceOf(store)
    expect(await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect(await persistence.saveJournal(journalOf(1))).toBe(true)
    expect(await persistenceOf(store).persistence.load()).toEqual({
      goods: [goodOf(3), goodOf(2), goodOf(1)],
      journal: journalOf(1),
    })
    expect(persistence.status()).toEqual({ lastSavedAt: clock.now() })
  })

  it('orders the goods by sequence, whichever entry holds them, and takes each document once', async () => {
    const { store, kept } = memoryStore()
    put(kept, 'good', goodOf(3))
    put(kept, 'good.1', goodOf(5))
    put(kept, 'good.2', { ...goodOf(4), digest: 'digest-5' })
    expect((await persistenceOf(store).persistence.load()).goods).toEqual([goodOf(5), goodOf(3)])
    // One text has two digests if the key of the digests was lost in between.
    put(kept, 'good.2', { ...goodOf(4), text: goodOf(3).text })
    expect((await persistenceOf(store).persistence.load()).goods.map(({ sequence }) => sequence)).toEqual([5, 4])
  })

  it('prefers the good that was saved last if two have the same sequence, as two processes on one path may write', async () => {
    const { store, kept } = memoryStore()
    const later = { ...goodOf(3, 'other'), digest: 'other', savedAt: goodOf(3).savedAt + 1 }
    put(kept, 'good', goodOf(3))
    put(kept, 'good.1', later)
    expect((await persistenceOf(store).persistence.load()).goods).toEqual([later, goodOf(3)])
  })

  it.each<[string, (text: string | undefined) => unknown, string]>([
    ['is torn', (text) => text?.slice(0, -9), 'persistence.damaged good'],
    ['is empty', () => '', 'persistence.damaged good'],
    ['is of another version', (text) => text?.replace('changeover/1', 'changeover/2'), 'persistence.foreign good'],
    ['is not text', () => 7, 'persistence.damaged good'],
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
      'returns a thenable that throws',
      () => ({
        get then() {
          throw new Error('secret')
        },
      }),
      'persistence.failed good',
    ],
    ['returns a thenable that never settles', () => ({ then: () => {} }), 'persistence.timeout good'],
  ])('uses the older goods if the newest %s', async (_title, spoil, word) => {
    const { store, kept, behaviour } = memoryStore()
    const { load } = behaviour
    await persistenceOf(store).persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    await persistenceOf(store).persistence.saveJournal(journalOf(1))
    behaviour.load = (name) => (name === 'good' ? spoil(kept.get(name)) : load(name))
    const { persistence, clock, failures } = persistenceOf(store)
    const loading = persistence.load()
    await clock.advance(DEADLINE_MS)
    expect(await loading).toEqual({ goods: [goodOf(2), goodOf(1)], journal: journalOf(1) })
    expect(wordsOf(failures)).toEqual([word])
    expect(failures[0]?.phase).toBe('persist')
    expect(JSON.stringify(failures)).not.toContain('secret')
    expect(persistence.status()).toEqual({ lastError: failures[0] })
    expect(clock.pending()).toBe(0)
  })

  it('takes one deadline if nothing answers at all', async () => {
    const { store, behaviour } = memoryStore()
    behaviour.load = () => never
    const { persistence, clock, failures } = persistenceOf(store)
    const loading = persistence.load()
    await clock.advance(DEADLINE_MS)
    expect(await loading).toEqual({ goods: [], journal: undefined })
    expect(wordsOf(failures)).toEqual(
      ['good', 'good.1', 'good.2', 'journal'].map((name) => `persistence.timeout ${name}`),
    )
  })

  it.each([null, undefined])('takes %s as an entry that was never saved', async (nothing) => {
    const { store, behaviour } = memoryStore()
    behaviour.load = () => nothing
    const { persistence, failures } = persistenceOf(store)
    expect(await persistence.load()).toEqual({ goods: [], journal: undefined })
    expect(failures).toEqual([])
  })

  it('survives a store whose members throw', async () => {
    const store = new Proxy({} as GoodStore, {
      get: () => {
        throw new Error('no')
      },
    })
    const { persistence, clock, failures } = persistenceOf(store)
    expect(await persistence.load()).toEqual({ goods: [], journal: undefined })
    expect(await persistence.saveJournal(journalOf(1))).toBe(false)
    expect(new Set(wordsOf(failures.slice(0, 4)))).toHaveLength(4)
    persistence.close()
    expect(clock.pending()).toBe(0)
  })

  it('survives a reporter that throws', async () => {
    const { store, behaviour } = memoryStore()
    behaviour.load = () => 'torn'
    const report = (): void => {
      throw new Error('no')
    }
    const { clock } = persistenceOf(store)
    const persistence = new Persistence(store, { clock, deadlineMs: DEADLINE_MS, report })
    expect(await persistence.load()).toEqual({ goods: [], journal: undefined })
    expect(persistence.status().lastError?.code).toBe('persistence.damaged')
  })
})

describe('loading while something is saved', () => {
  it('does not mistake what it has found for what is stored', async () => {
    const { store, saves, behaviour } = memoryStore()
    await persistenceOf(store).persistence.saveJournal(journalOf(1))
    const { load } = behaviour
    behaviour.load = async (name) => {
      const found = load(name)
      await new Promise((resolve) => setTimeout(resolve, 5))
      return found
    }
    const { persistence } = persistenceOf(store)
    const loading = persistence.load()
    expect(await persistence.saveJournal(journalOf(2))).toBe(true)
    expect((await loading).journal).toEqual(journalOf(1))
    saves.length = 0
    expect(await persistence.saveJournal(journalOf(1))).toBe(true)
    expect(saves).toEqual(['journal'])
  })
})

describe('saving', () => {
  it('replaces the oldest good by the newest, in one write', async () => {
    const { store, saves } = memoryStore()
    const { persistence } = persistenceOf(store)
    await persistence.saveGoods([goodOf(1)])
    expect(saves.splice(0)).toEqual(['good'])
    await persistence.saveGoods([goodOf(2), goodOf(1)])
    expect(saves.splice(0)).toEqual(['good.1'])
    await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    expect(saves.splice(0)).toEqual(['good.2'])
    expect(await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect(saves.splice(0)).toEqual([])
    await persistence.saveGoods([goodOf(4), goodOf(3), goodOf(2)])
    expect(saves.splice(0)).toEqual(['good'])
    await persistence.saveGoods([goodOf(5), goodOf(4), goodOf(3)])
    expect(saves.splice(0)).toEqual(['good.1'])
  })

  it('writes the newest of several goods first', async () => {
    const { store, saves, kept } = memoryStore()
    const { persistence } = persistenceOf(store)
    await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    expect(saves.splice(0)).toEqual(['good', 'good.1', 'good.2'])
    await persistence.saveGoods([goodOf(5), goodOf(4), goodOf(3)])
    expect(saves).toEqual(['good.2', 'good.1'])
    expect(kept.get('good.2')).toBe(goodCodec.encode(goodOf(5)))
  })

  it('rewrites a good in place if only its revision has changed', async () => {
    const { store, saves } = memoryStore()
    const { persistence } = persistenceOf(store)
    await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    saves.length = 0
    const renewed = { ...goodOf(3), revision: goodOf(7).revision }
    expect(await persistence.saveGoods([goodOf(4), renewed, goodOf(2)])).toBe(true)
    expect(saves).toEqual(['good.2', 'good'])
    expect((await persistenceOf(store).persistence.load()).goods).toEqual([goodOf(4), renewed, goodOf(2)])
  })

  it('knows from the load what has changed', async () => {
    const { store, saves, kept } = memoryStore()
    await persistenceOf(store).persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    await persistenceOf(store).persistence.saveJournal(journalOf(1))
    kept.set('good.1', 'damaged')
    saves.length = 0
    const { persistence } = persistenceOf(store)
    await persistence.load()
    expect(await persistence.saveJournal(journalOf(1))).toBe(true)
    expect(await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])).toBe(true)
    expect(saves).toEqual(['good.1'])
    expect(persistence.status().lastError).toBeUndefined()
  })

  it('prefers an entry without a usable good to that of the oldest one', async () => {
    const { store, saves, kept } = memoryStore()
    await persistenceOf(store).persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    kept.set('good', 'damaged')
    saves.length = 0
    const { persistence } = persistenceOf(store)
    await persistence.load()
    expect(await persistence.saveGoods([goodOf(4), goodOf(2), goodOf(1)])).toBe(true)
    expect(saves).toEqual(['good'])
  })

  it('keeps three goods and no more, and leaves the others if there are fewer', async () => {
    const { store, kept } = memoryStore()
    const { persistence } = persistenceOf(store)
    await persistence.saveGoods([goodOf(5), goodOf(4), goodOf(3), goodOf(2), goodOf(1)])
    expect([...kept.keys()].sort()).toEqual(['good', 'good.1', 'good.2'])
    await persistence.saveGoods([goodOf(6)])
    expect((await persistence.load()).goods).toEqual([goodOf(6), goodOf(5), goodOf(4)])
  })

  it('stores the other goods if one is too large for any store, says so, and does not retry forever', async () => {
    const { store, saves } = memoryStore()
    const { persistence, clock, failures } = persistenceOf(store)
    const huge = goodOf(2, 'x'.repeat(MAX_ENTRY_BYTES))
    expect(await persistence.saveGoods([huge, goodOf(1)])).toBe(false)
    expect(saves).toEqual(['good'])
    expect(wordsOf(failures)).toEqual(['persistence.failed a good that is too large to be kept'])
    expect(persistence.status()).toEqual({ lastSavedAt: clock.now(), lastError: failures[0] })
    expect(clock.pending()).toBe(0)
    expect(await persistence.saveGoods([goodOf(5), goodOf(4), goodOf(3), huge])).toBe(true)
    expect(persistence.status().lastError).toBeUndefined()
  })

  it('refuses a journal that could not be read back', async () => {
    const { store, saves } = memoryStore()
    const { persistence, failures } = persistenceOf(store)
    expect(await persistence.saveJournal({ ...journalOf(1), digestKey: '' })).toBe(false)
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
  ])('retries with back-off until it succeeds if the store %s', async (_title, save, word) => {
    const { store, saves, behaviour, kept } = memoryStore()
    behaviour.save = save
    const { persistence, clock, failures } = persistenceOf(store)
    expect(await persistence.saveJournal(journalOf(1))).toBe(false)
    expect(wordsOf(failures)).toEqual([word])
    expect(persistence.status()).toEqual({ lastError: failures[0] })
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
    expect(persistence.status()).toEqual({ lastSavedAt: clock.now() })
    expect(clock.pending()).toBe(0)
    expect(JSON.stringify(failures)).not.toContain('secret')
    // After a success the back-off starts from the beginning.
    behaviour.save = save
    await persistence.saveJournal(journalOf(2))
    const before = saves.length
    await clock.advance(750)
    expect(saves).toHaveLength(before + 1)
  })

  it('shows the cause of a failure to debuggers only', async () => {
    const { store, behaviour } = memoryStore()
    const error = new Error('secret')
    behaviour.save = () => Promise.reject(error)
    const { persistence, failures } = persistenceOf(store)
    await persistence.saveJournal(journalOf(1))
    expect(failures.map(unsafeCause)).toEqual([error])
  })

  it('stores the newest good in another entry if one fails, and heals that one later', async () => {
    const { store, behaviour, kept } = memoryStore()
    const { persistence, clock, failures } = persistenceOf(store)
    await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    behaviour.save = (name) => (name === 'good.2' ? Promise.reject(new Error('no')) : undefined)
    expect(await persistence.saveGoods([goodOf(4), goodOf(3), goodOf(2)])).toBe(false)
    expect(wordsOf(failures)).toEqual(['persistence.failed good.2'])
    await clock.advance(750)
    expect(kept.get('good.1')).toBe(goodCodec.encode(goodOf(4)))
    expect(persistence.status()).toMatchObject({ lastSavedAt: clock.now(), lastError: { detail: 'good.2' } })
    behaviour.save = () => undefined
    await clock.advance(1_500)
    expect((await persistenceOf(store).persistence.load()).goods).toEqual([goodOf(4), goodOf(3), goodOf(2)])
    expect(persistence.status().lastError).toBeUndefined()
  })

  it('stores the newest goods in the entries that work if one never does and the others fail for a while', async () => {
    const { store, behaviour } = memoryStore()
    const { persistence, clock } = persistenceOf(store)
    await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    behaviour.save = () => Promise.reject(new Error('no'))
    expect(await persistence.saveGoods([goodOf(4), goodOf(3), goodOf(2)])).toBe(false)
    await clock.advance(20_000)
    behaviour.save = (name) => (name === 'good.1' ? Promise.reject(new Error('no')) : undefined)
    await clock.advance(20_000)
    const { goods } = await persistenceOf(store).persistence.load()
    expect(goods.slice(0, 2)).toEqual([goodOf(4), goodOf(3)])
    // The third has no entry that works.
    expect(persistence.status().lastError).toMatchObject({ detail: 'good.1' })
    persistence.close()
  })

  it('leaves the newest good that is stored alone while a newer one cannot be stored', async () => {
    const { store, behaviour, saves } = memoryStore()
    const { persistence, clock } = persistenceOf(store)
    await persistence.saveGoods([goodOf(3), goodOf(2), goodOf(1)])
    saves.length = 0
    behaviour.save = () => Promise.reject(new Error('no'))
    for (let n = 4; n < 8; n++) {
      await persistence.saveGoods([goodOf(n), goodOf(n - 1), goodOf(n - 2)])
      await clock.advance(20_000)
    }
    expect(new Set(saves)).toEqual(new Set(['good.1', 'good.2']))
    persistence.close()
  })

  it('shows the last failure until everything is stored', async () => {
    const { store, behaviour } = memoryStore()
    const { persistence, clock } = persistenceOf(store)
    behaviour.save = (name) => (name === 'journal' ? undefined : Promise.reject(new Error('no')))
    await persistence.saveGoods([goodOf(1)])
    expect(await persistence.saveJournal(journalOf(1))).toBe(true)
    expect(persistence.status()).toMatchObject({ lastSavedAt: clock.now(), lastError: { detail: 'good' } })
    behaviour.save = () => undefined
    await clock.advance(60_000)
    expect(persistence.status().lastError).toBeUndefined()
  })

  it('tries at once if it is asked again before the back-off is over, with one timer at most', async () => {
    const { store, behaviour, saves } = memoryStore()
    behaviour.save = () => Promise.reject(new Error('no'))
    const { persistence, clock } = persistenceOf(store)
    for (let n = 1; n <= 5; n++) {
      expect(await persistence.saveJournal(journalOf(n))).toBe(false)
      expect(await persistence.saveGoods([goodOf(n)])).toBe(false)
      await clock.advance(0)
      expect(clock.pending()).toBe(1)
    }
    // One try for each request, and none for what the other queue has left.
    expect(saves.filter((name) => name === 'journal').length).toBe(5)
    expect(saves.filter((name) => name !== 'journal').length).toBe(5)
    behaviour.save = () => undefined
    await clock.advance(8_000)
    expect((await persistence.load()).goods).toEqual([goodOf(5)])
    expect(clock.pending()).toBe(0)
  })

  it('retries the goods in their time, however often the journal is saved meanwhile', async () => {
    const { store, behaviour, saves } = memoryStore()
    behaviour.save = (name) => (name === 'journal' ? undefined : Promise.reject(new Error('no')))
    const { persistence, clock } = persistenceOf(store)
    await persistence.saveGoods([goodOf(1)])
    for (let n = 1; n <= 100; n++) {
      await persistence.saveJournal(journalOf(n))
      await clock.advance(100)
    }
    // At 0, 0.75, 2.25 and 5.25 s.
    expect(saves.filter((name) => name !== 'journal')).toHaveLength(4)
    expect(saves.filter((name) => name === 'journal')).toHaveLength(100)
  })
})
