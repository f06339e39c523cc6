import { expect, test } from 'vitest'
import type { Mood } from './kept.ts'
import { createWorld, documentOf, provedWorld, SOAK_MS } from './world.ts'

const codes = { throws: 'persistence.failed', rejects: 'persistence.failed', hangs: 'persistence.timeout' } as const

test.each(['throws', 'rejects', 'hangs'] as const)(
  'A store whose saves fail is said in status() and reported; reloads go on in memory: it %s',
  async (mood) => {
    const { world, process } = await provedWorld([1])
    const savedAt = process.clock.now()
    world.kept.save(mood)
    world.source.put(documentOf(2))
    await process.advance(SOAK_MS + 30_000)
    expect(process).toMatchObject({ served: 2, state: 'committed' })
    expect(process.reloader.status()).toMatchObject({
      persistence: { lastSavedAt: savedAt, lastError: { code: codes[mood], phase: 'persist' } },
      lastKnownGood: { revision: { name: '2' } },
    })
    expect(process.codes('warn')).toContain(codes[mood])
    expect(process.reloader.status().counters.reported).toBeGreaterThan(0)
    // What was kept is still there, whole.
    expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['1'])
    world.kept.save('well')
    world.kept.release()
    await process.advance(120_000)
    expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['2', '1'])
    expect(process.reloader.status().persistence).toEqual({ lastSavedAt: expect.any(Number) })
  },
)

/** What two transactions one after the other take longer than their soak, in virtual milliseconds. */
const delaysOf = async (mood: Mood, ...names: ('journal' | 'good' | 'good.1' | 'good.2')[]): Promise<number[]> => {
  const { world, process } = await provedWorld([1, 2, 3], { soak: 1_000, deadlines: { persistMs: 1_000 } })
  world.kept.save(mood, ...names)
  const delays: number[] = []
  for (const value of [4, 5]) {
    const { length } = process.records
    const begun = process.clock.now()
    world.source.put(documentOf(value))
    await process.advance(0)
    while (process.records.length === length) await process.advance(100)
    expect(process.last?.outcome).toBe('committed')
    delays.push(process.clock.now() - begun - 1_000)
  }
  world.kept.save('well')
  world.kept.release()
  return delays
}

test('A store that hangs keeps a transaction no longer than the deadlines of its writes, and none after it at all', async () => {
  expect(await delaysOf('hangs', 'journal')).toEqual([1_000, 0])
  expect(await delaysOf('hangs', 'good', 'good.1', 'good.2')).toEqual([3_000, 0])
  expect(await delaysOf('hangs')).toEqual([4_000, 0])
  expect(await delaysOf('throws')).toEqual([0, 0])
})

test('A store that is slow but answers in time is waited for: before the first module, and before it is good', async () => {
  expect(await delaysOf({ slowMs: 900 })).toEqual([4_500, 4_500])
})

test('A store that hangs at start is given up after persistMs; the document of the source serves', async () => {
  const world = createWorld({ boot: { deadlines: { persistMs: 2_000 } } })
  world.kept.load('hangs')
  const process = world.boot()
  await process.start(1_999)
  expect(world.source.reads).toBe(0)
  await process.advance(1)
  expect(process.served).toBe(1)
  expect(process.codes('warn')).toContain('persistence.timeout')
})

test('freeze(), unfreeze() and release() answer within persistMs, whatever the store does', async () => {
  const { world, process } = await provedWorld([1], { deadlines: { persistMs: 1_000 } })
  world.kept.save('hangs')
  for (const call of [
    () => process.reloader.freeze('x'),
    () => process.reloader.unfreeze(),
    () => process.reloader.release(),
  ]) {
    let isOver = false
    void call().then(() => {
      isOver = true
    })
    await process.advance(1_000)
    expect(isOver).toBe(true)
  }
})

test('A close waits for the disk no longer than persistMs', async () => {
  const { world, process } = await provedWorld([1], { deadlines: { persistMs: 1_000 } })
  world.kept.save('hangs')
  world.source.put(documentOf(2))
  await process.advance(100)
  let isClosed = false
  void process.reloader.close().then(() => {
    isClosed = true
  })
  await process.advance(3_000)
  expect(isClosed).toBe(true)
  expect(process.clock.pending()).toBe(0)
})

test('A store that answers with nonsense at start costs nothing but its memory', async () => {
  for (const text of ['', 'nonsense', 'changeover/1 good x\n{}', 'changeover/9 good x\n{}', '{"__proto__":1}']) {
    const world = createWorld()
    for (const name of ['good', 'good.1', 'good.2', 'journal'] as const) world.kept.entries.set(name, text)
    const process = await world.up({}, SOAK_MS)
    expect(process).toMatchObject({ served: 1, state: 'committed' })
    const warned = process.codes('warn').filter((code) => code?.startsWith('persistence.'))
    expect(warned).toHaveLength(4)
    expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['1'])
    expect(world.kept.journal).toBeDefined()
    await process.close()
  }
})

test('A save that was given up and lands late does not land on a newer one', async () => {
  const { world, process } = await provedWorld([1], { soak: 1_000, deadlines: { persistMs: 1_000 } })
  world.kept.save({ slowMs: 20_000 }, 'good')
  world.source.put(documentOf(2))
  await process.advance(5_000)
  world.kept.save('well')
  world.source.put(documentOf(3))
  await process.advance(60_000)
  expect(process.served).toBe(3)
  expect(world.kept.goods.map(({ revision }) => revision.name)).toEqual(['3', '2', '1'])
})
