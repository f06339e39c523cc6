import { expect, test } from 'vitest'
import type { EntryName } from '../../src/api/good-store.ts'
import { goodNames, type StoreBehavior } from './faulty-store.ts'
import { createDeployment, documentOf, soakedDeployment, SOAK_MS } from './deployment.ts'

const codes = { throws: 'persistence.failed', rejects: 'persistence.failed', hangs: 'persistence.timeout' } as const

test.each(['throws', 'rejects', 'hangs'] as const)(
  'A store whose saves fail is shown in status() and reported, and reloads continue in memory: it %s',
  async (behavior) => {
    const { deployment, process } = await soakedDeployment([1])
    const savedAt = process.clock.now()
    deployment.store.save(behavior)
    deployment.source.put(documentOf(2))
    await process.advance(SOAK_MS + 30_000)
    expect(process).toMatchObject({ served: 2, state: 'committed' })
    expect(process.reloader.status()).toMatchObject({
      persistence: { lastSavedAt: savedAt, lastError: { code: codes[behavior], phase: 'persist' } },
      lastKnownGood: { revision: { name: '2' } },
    })
    expect(process.codes('warn')).toContain(codes[behavior])
    expect(process.reloader.status().counters.reported).toBeGreaterThan(0)
    // What was stored is still there and complete.
    expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['1'])
    deployment.store.save('well')
    deployment.store.release()
    await process.advance(120_000)
    expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['2', '1'])
    expect(process.reloader.status().persistence).toEqual({ lastSavedAt: expect.any(Number) })
  },
)

/** The time in excess of their soaks that two consecutive transactions take, in virtual milliseconds. */
const delaysOf = async (behavior: StoreBehavior, ...names: EntryName[]): Promise<number[]> => {
  const { deployment, process } = await soakedDeployment([1, 2, 3], { soak: 1_000, deadlines: { persistMs: 1_000 } })
  deployment.store.save(behavior, ...names)
  const delays: number[] = []
  for (const value of [4, 5]) {
    const { length } = process.records
    const begun = process.clock.now()
    deployment.source.put(documentOf(value))
    await process.advance(0)
    while (process.records.length === length) await process.advance(100)
    expect(process.last?.outcome).toBe('committed')
    delays.push(process.clock.now() - begun - 1_000)
  }
  deployment.store.save('well')
  deployment.store.release()
  return delays
}

test('A store that hangs delays a transaction by no more than the deadlines of its writes, and later ones not at all', async () => {
  expect(await delaysOf('hangs', 'journal')).toEqual([1_000, 0])
  expect(await delaysOf('hangs', ...goodNames)).toEqual([1_000, 0])
  expect(await delaysOf('hangs')).toEqual([2_000, 0])
  expect(await delaysOf('throws')).toEqual([0, 0])
})

test('A slow store that answers in time is awaited before the first module and before the promotion', async () => {
  expect(await delaysOf({ slowMs: 900 })).toEqual([2_700, 2_700])
})

test('A store that hangs at start is abandoned after persistMs, and the document of the source serves', async () => {
  const deployment = createDeployment({ boot: { deadlines: { persistMs: 2_000 } } })
  deployment.store.load('hangs')
  const process = deployment.boot()
  await process.start(1_999)
  expect(deployment.source.reads).toBe(0)
  await process.advance(1)
  expect(process.served).toBe(1)
  expect(process.codes('warn')).toContain('persistence.timeout')
})

test('freeze(), unfreeze() and release() resolve within persistMs, whatever the store does', async () => {
  const { deployment, process } = await soakedDeployment([1], { deadlines: { persistMs: 1_000 } })
  deployment.store.save('hangs')
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

test('A close waits for the store no longer than persistMs', async () => {
  const { deployment, process } = await soakedDeployment([1], { deadlines: { persistMs: 1_000 } })
  deployment.store.save('hangs')
  deployment.source.put(documentOf(2))
  await process.advance(100)
  let isClosed = false
  void process.reloader.close().then(() => {
    isClosed = true
  })
  await process.advance(3_000)
  expect(isClosed).toBe(true)
  expect(process.clock.pending()).toBe(0)
})

test('A store that returns nonsense at start loses only what it had stored', async () => {
  for (const text of ['', 'nonsense', 'changeover/1 good x\n{}', 'changeover/9 good x\n{}', '{"__proto__":1}']) {
    const deployment = createDeployment()
    for (const name of [...goodNames, 'journal'] as const) deployment.store.entries.set(name, text)
    const process = await deployment.up({}, SOAK_MS)
    expect(process).toMatchObject({ served: 1, state: 'committed' })
    const warned = process.codes('warn').filter((code) => code?.startsWith('persistence.'))
    expect(warned).toHaveLength(4)
    expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['1'])
    expect(deployment.store.journal).toBeDefined()
    await process.close()
  }
})

test('A save that was abandoned and lands late does not overwrite a newer one', async () => {
  const { deployment, process } = await soakedDeployment([1], { soak: 1_000, deadlines: { persistMs: 1_000 } })
  deployment.store.save({ slowMs: 20_000 }, ...goodNames)
  deployment.source.put(documentOf(2))
  await process.advance(5_000)
  deployment.store.save('well')
  deployment.source.put(documentOf(3))
  await process.advance(60_000)
  expect(process.served).toBe(3)
  expect(deployment.store.goodHistory.map(({ revision }) => revision.name)).toEqual(['3', '2', '1'])
})
