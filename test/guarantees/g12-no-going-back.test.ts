import { permanent } from 'changeover'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../support/random.ts'
import { type Config, configOf, PACED_MS, startHarness, type Harness } from './harness.ts'

const one = configOf({ a: 1, k: 1 })
const at = (value: number): Config => configOf({ a: value, k: value })

const documentOf = (config: Config, order: number, lineage = 'memory-1') =>
  ({ kind: 'document', revision: { lineage, order, name: String(order) }, content: JSON.stringify(config) }) as const

const isUntouched = (harness: Harness): unknown[] => [harness.records.length, harness.calls.length, harness.served.a]

describe('G12 Order never goes back within a lineage', () => {
  it('G12 a stale document that the watch reports starts no work', async () => {
    const harness = await startHarness({ config: one })
    for (let value = 2; value <= 5; value++) await harness.put(at(value))
    harness.clearCalls()
    for (const order of [4, 3, 2, 1]) harness.source.deliver(documentOf(at(order), order))
    await harness.advance(0)
    expect(isUntouched(harness)).toEqual([5, 0, 5])
    expect(harness.reloader.status()).toMatchObject({
      state: 'committed',
      inSync: true,
      source: { revision: { order: 5 } },
    })
  })

  it('G12 a stale document that arrives while a newer one is being applied is not queued', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.a.script('prepare', 'deaf')
    harness.source.put(at(2))
    await harness.advance(10)
    harness.source.deliver(documentOf(at(1), 1))
    await harness.advance(10)
    expect(harness.reloader.status().state).toBe('preparing')
    harness.modules.a.release()
    await harness.advance(0)
    expect(harness.records.map(({ outcome }) => outcome)).toEqual(['committed', 'committed'])
    expect(harness.served.a).toBe(2)
  })

  it('G12 an explicit reload that reads an older document than was seen is rejected as stale', async () => {
    const harness = await startHarness({ config: one })
    harness.source.deliver(documentOf(at(9), 9))
    expect(await harness.next()).toMatchObject({ outcome: 'committed', revision: { order: 9 } })
    const reloaded = harness.reloader.reload() // the store itself still returns order 1
    await harness.advance(0)
    expect(await reloaded).toMatchObject({
      outcome: 'rejected',
      failures: [{ code: 'source.stale', phase: 'fetching' }],
    })
    expect(harness.served.a).toBe(9)
  })

  it('G12 a read after a reconnect that returns an older document starts no work', async () => {
    const harness = await startHarness({ config: one })
    harness.source.deliver(documentOf(at(9), 9))
    await harness.next()
    harness.clearCalls()
    harness.source.breakWatch('source.closed')
    await harness.advance(600_000)
    expect(isUntouched(harness)).toEqual([2, 0, 9])
  })

  it('G12 a revert in the source is a new revision of old content, and is applied', async () => {
    const harness = await startHarness({ config: one })
    await harness.put(at(2))
    expect(await harness.put(one)).toMatchObject({ outcome: 'committed', revision: { order: 3 } })
    expect([harness.served.a, harness.effects.k]).toEqual([1, 1])
  })
})

describe('G12 A redelivered document', () => {
  it('G12 starts no work, however often it arrives', async () => {
    const harness = await startHarness({ config: one })
    await harness.put(at(2))
    harness.clearCalls()
    const reads = harness.source.reads
    for (let round = 0; round < 20; round++) {
      harness.source.deliver(documentOf(at(2), 2))
      await harness.advance(1)
    }
    expect([...isUntouched(harness), harness.source.reads]).toEqual([2, 0, 2, reads])
  })

  it('G12 of the same name at a later order starts no work, and makes older documents stale', async () => {
    const harness = await startHarness({ config: one })
    await harness.put(at(2))
    harness.clearCalls()
    const later = { lineage: 'memory-1', order: 40, name: '2' }
    harness.source.deliver({ kind: 'document', revision: later, content: JSON.stringify(at(2)) })
    await harness.advance(0)
    harness.source.deliver(documentOf(at(30), 30))
    await harness.advance(0)
    expect(isUntouched(harness)).toEqual([2, 0, 2])
  })

  it('G12 that was rejected is not rejected again', async () => {
    const harness = await startHarness({ config: one })
    await harness.put('{')
    harness.source.deliver({ ...documentOf(one, 2), content: '{' })
    harness.source.breakWatch('source.closed')
    await harness.advance(600_000) // reads again and again
    expect(harness.records.map(({ outcome }) => outcome)).toEqual(['committed', 'rejected'])
  })

  it('G12 that was rolled back is not tried again by a reconcile', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.a.script('prepare', () => Promise.reject(permanent(new Error('scripted'))))
    await harness.put(at(2))
    harness.clearCalls()
    await harness.advance(600_000)
    expect(isUntouched(harness)).toEqual([2, 0, 1])
  })

  it('G12 with new text but the same config is recorded as unchanged and calls no module', async () => {
    const harness = await startHarness({ config: one })
    const record = await harness.put(`${JSON.stringify({ k: { value: 1 }, a: { value: 1 } })}\n`)
    expect([record.outcome, harness.calls, record.modules]).toEqual(['unchanged', [], []])
    expect(harness.reloader.status().serving?.revision.order).toBe(2)
  })
})

describe('G12 A document of another lineage', () => {
  it('G12 that the watch reports causes a read and is never applied itself', async () => {
    const harness = await startHarness({ config: one })
    const reads = harness.source.reads
    harness.source.deliver(documentOf(at(99), 500, 'forged'))
    await harness.advance(0)
    expect(isUntouched(harness)).toEqual([1, 0, 1])
    expect(harness.source.reads).toBeGreaterThan(reads)
    await harness.put(at(2))
    expect(harness.served.a).toBe(2)
  })

  it('G12 that a read finds is applied even if its order is lower, because the store was restored', async () => {
    const harness = await startHarness({ config: one })
    for (let value = 2; value <= 9; value++) await harness.put(at(value), PACED_MS)
    harness.source.wipe()
    harness.source.put(at(20))
    await harness.advance(60_000)
    expect(harness.reloader.status().serving?.revision).toMatchObject({ lineage: 'memory-2', order: 2 })
    expect(harness.served.a).toBe(20)
    harness.source.deliver(documentOf(at(9), 9, 'memory-1'))
    await harness.advance(60_000)
    expect([harness.served.a, harness.source.watches]).toEqual([20, 1])
  })
})

describe('G12 An old stream', () => {
  it('G12 that delivers a document after reload() has seen another lineage changes nothing', async () => {
    const harness = await startHarness({ config: one })
    harness.source.silence()
    harness.source.wipe()
    harness.source.put(at(20))
    const reloaded = harness.reloader.reload()
    await harness.advance(0)
    expect(await reloaded).toMatchObject({ outcome: 'committed', revision: { lineage: 'memory-2' } })
    const { length } = harness.records
    harness.source.deliver(documentOf(at(9), 900, 'memory-1'))
    // Nor for a moment: a later read would hide that the old document had served.
    await harness.advance(0)
    expect([harness.served.a, harness.records.length]).toEqual([20, length])
    await harness.advance(60_000)
    expect([harness.served.a, harness.records.length]).toEqual([20, length])
    expect(harness.reloader.status()).toMatchObject({ serving: { revision: { lineage: 'memory-2' } }, inSync: true })
  })
})

describe('G12 Random deliveries, old, new, duplicate and foreign', () => {
  it.each([11, 12, 13])('G12 never serve an older order than before; seed %i', async (seed) => {
    const random = createRandom(seed)
    const harness = await startHarness({ config: one })
    harness.modules.a.always('prepare', () => (random.chance(0.3) ? Promise.reject(new Error('scripted')) : undefined))
    let newest = 1
    const served: number[] = []
    for (let round = 0; round < 300; round++) {
      const isNew = random.chance(0.4)
      if (isNew) newest += 1 + random.below(3)
      const order = isNew ? newest : 1 + random.below(newest)
      harness.source.deliver(documentOf(at(order), order, random.chance(0.1) ? 'forged' : 'memory-1'))
      if (random.chance(0.05)) harness.source.breakWatch('source.closed')
      await harness.advance(random.chance(0.1) ? 10_000 : random.below(3))
      served.push(harness.reloader.status().serving?.revision.order ?? 0)
    }
    expect(served).toEqual([...served].sort((one_, other) => one_ - other))
    expect(new Set(served).size).toBeGreaterThan(10)
    expect(harness.records.every(({ revision }) => revision?.lineage === 'memory-1')).toBe(true)
    const orders = harness.records
      .filter(({ trigger }) => trigger !== 'quarantine-expired')
      .map(({ revision }) => revision?.order ?? 0)
    expect(orders).toEqual([...new Set(orders)].sort((one_, other) => one_ - other))
  })
})
