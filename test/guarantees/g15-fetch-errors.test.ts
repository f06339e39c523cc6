import { getEventListeners } from 'node:events'
import type { SourceCode } from 'changeover'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../support/random.ts'
import { configOf, createHarness, startHarness, type Harness } from './harness.ts'

const one = configOf({ a: 1, k: 1 })
const HOUR_MS = 3_600_000
/** The step in which the tests look at virtual time. */
const STEP_MS = 20

/** Makes the source unreachable in each possible way. */
const cut = ({ source }: Harness, code: SourceCode = 'source.unreachable'): void => {
  source.failReads(code)
  source.failWatches(code)
  source.breakWatch(code)
}

const untouched = ({ records, calls, served, effects }: Harness): unknown => ({
  records: records.length,
  calls,
  served,
  effects,
})

describe('G15 Fetch errors', () => {
  it.each([
    'source.unreachable',
    'source.timeout',
    'source.unauthenticated',
    'source.denied',
    'source.tls',
    'source.compacted',
    'source.closed',
    'source.failed',
  ] as const)('G15 never roll back or change what serves: %s for an hour', async (code) => {
    const harness = await startHarness({ config: one })
    const before = untouched(harness)
    cut(harness, code)
    await harness.advance(HOUR_MS)
    expect(untouched(harness)).toEqual(before)
    expect(harness.reloader.status()).toMatchObject({ state: 'committed', source: { lastError: { code } } })
    harness.source.heal()
    expect(await harness.put(configOf({ a: 2, k: 2 }), 30_000)).toMatchObject({ outcome: 'committed' })
    await harness.advance(1_000)
    expect(harness.reloader.status().source.state).toBe('watching')
  })

  it('G15 during a soak do not end the soak', async () => {
    const harness = await startHarness({ config: one, options: { soak: 10_000 } })
    harness.source.put(configOf({ a: 2, k: 2 }))
    await harness.advance(100)
    cut(harness)
    expect(await harness.next(20_000)).toMatchObject({ outcome: 'committed' })
    expect(harness.served.a).toBe(2)
  })

  it('G15 of an explicit reload are recorded, and change nothing', async () => {
    const harness = await startHarness({ config: one })
    const { config } = harness.reloader
    cut(harness, 'source.denied')
    const reloaded = harness.reloader.reload()
    await harness.advance(0)
    expect(await reloaded).toMatchObject({ outcome: 'rejected', failures: [{ code: 'source.denied' }] })
    expect([harness.reloader.config === config, harness.calls]).toEqual([true, []])
  })

  it('G15 do not hide a change that was made during them', async () => {
    const harness = await startHarness({ config: one })
    cut(harness)
    await harness.advance(HOUR_MS)
    harness.source.put(configOf({ a: 5, k: 5 }))
    harness.source.heal()
    expect(await harness.next(10_000)).toMatchObject({ outcome: 'committed' })
    expect(harness.served.a).toBe(5)
  })
})

describe('G15 The watch retries with back-off', () => {
  const retry = { minMs: 200, maxMs: 5_000 }

  it('G15 that is jittered and limited: attempts over three hours', async () => {
    const random = createRandom(99)
    const harness = await startHarness({ config: one, options: { sourceBackoff: retry, random: random.next } })
    const { source, clock } = harness
    cut(harness)
    const attempts: number[] = []
    let last = source.reads
    for (let ms = 0; ms < 5 * 60_000; ms += STEP_MS) {
      await clock.advance(STEP_MS)
      if (source.reads > last) attempts.push(clock.monotonic())
      last = source.reads
    }
    const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0))
    // It doubles from the minimum to the maximum, and half of it is random.
    for (const [index, wait] of waits.entries()) {
      const full = Math.min(retry.maxMs, retry.minMs * 2 ** (index + 1))
      expect([wait >= full / 2 - STEP_MS, wait <= full + STEP_MS, index, wait]).toEqual([true, true, index, wait])
    }
    const late = waits.slice(10)
    expect(new Set(late.map((wait) => Math.floor(wait / 250))).size).toBeGreaterThan(7)
    const before = source.reads
    await clock.advance(3 * HOUR_MS)
    const perHour = (source.reads - before) / 3
    expect(perHour).toBeGreaterThan(HOUR_MS / retry.maxMs)
    expect(perHour).toBeLessThan((2 * HOUR_MS) / retry.maxMs)
  })

  it('G15 that starts again from the minimum once the source was healthy', async () => {
    const harness = await startHarness({ config: one, options: { sourceBackoff: retry } })
    for (let round = 0; round < 5; round++) {
      cut(harness)
      await harness.advance(HOUR_MS)
      harness.source.heal()
      await harness.advance(2 * retry.maxMs)
      expect(harness.reloader.status().source.state).toBe('watching')
      const reads = harness.source.reads
      harness.source.breakWatch('source.closed')
      await harness.advance(retry.minMs)
      expect(harness.source.reads).toBeGreaterThan(reads)
    }
  })

  it('G15 also if a watch breaks at once each time, although reads succeed', async () => {
    const harness = await startHarness({ config: one, options: { sourceBackoff: retry } })
    harness.source.failWatches('source.unreachable')
    harness.source.breakWatch('source.unreachable')
    const before = harness.source.reads
    await harness.advance(HOUR_MS)
    expect(harness.source.reads - before).toBeLessThan((2.5 * HOUR_MS) / retry.maxMs)
    expect(harness.records.length).toBe(1)
  })

  it('G15 also if every watch is compacted at once', async () => {
    const harness = await startHarness({ config: one, options: { sourceBackoff: retry } })
    harness.source.failWatches('source.compacted')
    harness.source.breakWatch('source.compacted')
    const before = harness.source.reads
    await harness.advance(HOUR_MS)
    expect(harness.source.reads - before).toBeLessThan((2.5 * HOUR_MS) / retry.maxMs)
  })

  it('G15 after a read that hangs, within its deadline, one at a time', async () => {
    const harness = await startHarness({ config: one, options: { sourceBackoff: retry, deadlines: { readMs: 1_000 } } })
    harness.source.breakWatch('source.closed')
    harness.source.hangReads({ deaf: true })
    const before = harness.source.reads
    await harness.advance(HOUR_MS)
    const reads = harness.source.reads - before
    expect(reads).toBeGreaterThan(HOUR_MS / 6_500)
    expect(reads).toBeLessThan(HOUR_MS / 3_400)
    expect(harness.reloader.status().source.lastError).toMatchObject({ code: 'source.timeout' })
  })

  it('G15 while the reconcile read notices a silent watch', async () => {
    const harness = await startHarness({ config: one, options: { reconcileMs: 60_000 } })
    harness.source.silence()
    harness.source.put(configOf({ a: 3, k: 3 }))
    expect(await harness.next(66_000)).toMatchObject({ outcome: 'committed' })
    const reads = harness.source.reads
    await harness.advance(10 * 60_000)
    expect([harness.records.length, harness.source.reads - reads >= 9, harness.source.reads - reads <= 12]).toEqual([
      2,
      true,
      true,
    ])
  })
})

describe('G15 Start', () => {
  it('G15 waits for an unreachable source as long as it takes', async () => {
    const harness = createHarness({ config: one })
    cut(harness)
    let settled = false
    const started = harness.reloader.start().finally(() => {
      settled = true
    })
    await harness.advance(3 * HOUR_MS)
    expect([settled, harness.records.length, harness.reloader.status().state]).toEqual([false, 0, 'idle'])
    expect(harness.reloader.status().source).toMatchObject({
      state: 'backing-off',
      lastError: { code: 'source.unreachable' },
    })
    harness.source.heal()
    await harness.advance(10_000)
    await started
    expect(harness.served).toEqual({ a: 1 })
  })

  it('G15 waits until its deadline, and reports the last error of the source', async () => {
    const harness = createHarness({ config: one })
    cut(harness, 'source.tls')
    const started = harness.reloader.start({ deadlineMs: 10_000 }).catch((error: unknown) => error)
    await harness.advance(9_999)
    expect(harness.reloader.status().state).toBe('idle')
    await harness.advance(1)
    expect(await started).toMatchObject({ code: 'reloader.start-timeout', failures: [{}, { code: 'source.tls' }] })
    expect([harness.reloader.status().state, harness.clock.pending(), harness.source.watches]).toEqual(['closed', 0, 0])
  })

  it('G15 waits until its signal aborts', async () => {
    const harness = createHarness({ config: one })
    cut(harness)
    const controller = new AbortController()
    const started = harness.reloader
      .start({ signal: controller.signal, deadlineMs: HOUR_MS })
      .catch((error: unknown) => error)
    await harness.advance(10_000)
    controller.abort()
    await harness.advance(0)
    expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
    expect([harness.clock.pending(), getEventListeners(controller.signal, 'abort')]).toEqual([0, []])
  })

  it('G15 does nothing and leaves nothing if its signal has aborted already', async () => {
    const harness = createHarness({ config: one })
    const signal = AbortSignal.abort()
    const started = harness.reloader.start({ signal, deadlineMs: HOUR_MS }).catch((error: unknown) => error)
    await harness.advance(0)
    expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
    expect([harness.calls, harness.clock.pending(), getEventListeners(signal, 'abort')]).toEqual([[], 0, []])
  })

  it('G15 closes what modules have made if it is aborted while they prepare', async () => {
    const harness = createHarness({ config: configOf({ a: 1, b: 1 }) })
    harness.modules.b.script('prepare', 'heed')
    const controller = new AbortController()
    const started = harness.reloader.start({ signal: controller.signal }).catch((error: unknown) => error)
    await harness.advance(10)
    controller.abort()
    await harness.advance(0)
    expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
    expect([harness.modules.a.made.map(({ closes }) => closes), harness.reloader.status().state]).toEqual([
      [1],
      'closed',
    ])
  })

  it('G15 rejects at once for a bad document, however much time is left', async () => {
    const harness = createHarness({ options: {} })
    harness.source.put('{')
    await expect(harness.reloader.start({ deadlineMs: HOUR_MS })).rejects.toMatchObject({ code: 'document.malformed' })
    expect([harness.clock.monotonic(), harness.clock.pending()]).toEqual([0, 0])
  })

  it('G15 is not ended by its signal or its deadline once it has resolved', async () => {
    const harness = createHarness({ config: one })
    const controller = new AbortController()
    await harness.reloader.start({ signal: controller.signal, deadlineMs: 1_000 })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    controller.abort()
    await harness.advance(10_000)
    expect([harness.reloader.status().state, harness.served]).toEqual(['committed', { a: 1 }])
  })
})
