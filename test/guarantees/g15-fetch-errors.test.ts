import { getEventListeners } from 'node:events'
import type { SourceCode } from 'changeover'
import { describe, expect, it } from 'vitest'
import { createRandom } from '../model/random-json.ts'
import { configOf, createWorld, startWorld, type World } from './world.ts'

const one = configOf({ a: 1, k: 1 })
const HOUR_MS = 3_600_000
/** How finely the tests look at virtual time. */
const STEP_MS = 20

/** Makes the source unreachable in each of its ways. */
const cut = ({ source }: World, code: SourceCode = 'source.unreachable'): void => {
  source.failReads(code)
  source.failWatches(code)
  source.breakWatch(code)
}

const untouched = ({ records, calls, served, effects }: World): unknown => ({
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
  ] as const)('G15 never roll back nor change what serves: %s for an hour', async (code) => {
    const world = await startWorld({ config: one })
    const before = untouched(world)
    cut(world, code)
    await world.advance(HOUR_MS)
    expect(untouched(world)).toEqual(before)
    expect(world.reloader.status()).toMatchObject({ state: 'committed', source: { lastError: { code } } })
    world.source.heal()
    expect(await world.put(configOf({ a: 2, k: 2 }), 30_000)).toMatchObject({ outcome: 'committed' })
    await world.advance(1_000)
    expect(world.reloader.status().source.state).toBe('watching')
  })

  it('G15 while a module soaks do not end the soak', async () => {
    const world = await startWorld({ config: one, options: { soak: 10_000 } })
    world.source.put(configOf({ a: 2, k: 2 }))
    await world.advance(100)
    cut(world)
    expect(await world.next(20_000)).toMatchObject({ outcome: 'committed' })
    expect(world.served.a).toBe(2)
  })

  it('G15 of an explicit reload are told, and change nothing', async () => {
    const world = await startWorld({ config: one })
    const { config } = world.reloader
    cut(world, 'source.denied')
    const reloaded = world.reloader.reload()
    await world.advance(0)
    expect(await reloaded).toMatchObject({ outcome: 'rejected', failures: [{ code: 'source.denied' }] })
    expect([world.reloader.config === config, world.calls]).toEqual([true, []])
  })

  it('G15 do not hide a change that was made meanwhile', async () => {
    const world = await startWorld({ config: one })
    cut(world)
    await world.advance(HOUR_MS)
    world.source.put(configOf({ a: 5, k: 5 }))
    world.source.heal()
    expect(await world.next(10_000)).toMatchObject({ outcome: 'committed' })
    expect(world.served.a).toBe(5)
  })
})

describe('G15 The watch retries with back-off', () => {
  const retry = { minMs: 200, maxMs: 5_000 }

  it('G15 that is jittered and capped: attempts over three hours', async () => {
    const random = createRandom(99)
    const world = await startWorld({ config: one, options: { sourceBackoff: retry, random: random.next } })
    const { source, clock } = world
    cut(world)
    const attempts: number[] = []
    let last = source.reads
    for (let ms = 0; ms < 5 * 60_000; ms += STEP_MS) {
      await clock.advance(STEP_MS)
      if (source.reads > last) attempts.push(clock.monotonic())
      last = source.reads
    }
    const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0))
    // It doubles from the least to the most, of which one half is random.
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

  it('G15 that begins anew when the source was healthy meanwhile', async () => {
    const world = await startWorld({ config: one, options: { sourceBackoff: retry } })
    for (let round = 0; round < 5; round++) {
      cut(world)
      await world.advance(HOUR_MS)
      world.source.heal()
      await world.advance(2 * retry.maxMs)
      expect(world.reloader.status().source.state).toBe('watching')
      const reads = world.source.reads
      world.source.breakWatch('source.closed')
      await world.advance(retry.minMs)
      expect(world.source.reads).toBeGreaterThan(reads)
    }
  })

  it('G15 also where a watch breaks at once each time, though reads succeed', async () => {
    const world = await startWorld({ config: one, options: { sourceBackoff: retry } })
    world.source.failWatches('source.unreachable')
    world.source.breakWatch('source.unreachable')
    const before = world.source.reads
    await world.advance(HOUR_MS)
    expect(world.source.reads - before).toBeLessThan((2.5 * HOUR_MS) / retry.maxMs)
    expect(world.records.length).toBe(1)
  })

  it('G15 also where every watch is compacted at once', async () => {
    const world = await startWorld({ config: one, options: { sourceBackoff: retry } })
    world.source.failWatches('source.compacted')
    world.source.breakWatch('source.compacted')
    const before = world.source.reads
    await world.advance(HOUR_MS)
    expect(world.source.reads - before).toBeLessThan((2.5 * HOUR_MS) / retry.maxMs)
  })

  it('G15 of a read that hangs, within its deadline, one at a time', async () => {
    const world = await startWorld({ config: one, options: { sourceBackoff: retry, deadlines: { readMs: 1_000 } } })
    world.source.breakWatch('source.closed')
    world.source.hangReads({ deaf: true })
    const before = world.source.reads
    await world.advance(HOUR_MS)
    const reads = world.source.reads - before
    expect(reads).toBeGreaterThan(HOUR_MS / 6_500)
    expect(reads).toBeLessThan(HOUR_MS / 3_400)
    expect(world.reloader.status().source.lastError).toMatchObject({ code: 'source.timeout' })
  })

  it('G15 while the reconcile notices a watch that is silent', async () => {
    const world = await startWorld({ config: one, options: { reconcileMs: 60_000 } })
    world.source.silence()
    world.source.put(configOf({ a: 3, k: 3 }))
    expect(await world.next(66_000)).toMatchObject({ outcome: 'committed' })
    const reads = world.source.reads
    await world.advance(10 * 60_000)
    expect([world.records.length, world.source.reads - reads >= 9, world.source.reads - reads <= 12]).toEqual([
      2,
      true,
      true,
    ])
  })
})

describe('G15 Start', () => {
  it('G15 waits for an unreachable source as long as it takes', async () => {
    const world = createWorld({ config: one })
    cut(world)
    let settled = false
    const started = world.reloader.start().finally(() => {
      settled = true
    })
    await world.advance(3 * HOUR_MS)
    expect([settled, world.records.length, world.reloader.status().state]).toEqual([false, 0, 'idle'])
    expect(world.reloader.status().source).toMatchObject({
      state: 'backing-off',
      lastError: { code: 'source.unreachable' },
    })
    world.source.heal()
    await world.advance(10_000)
    await started
    expect(world.served).toEqual({ a: 1 })
  })

  it('G15 waits until its deadline, and says what the source answered last', async () => {
    const world = createWorld({ config: one })
    cut(world, 'source.tls')
    const started = world.reloader.start({ deadlineMs: 10_000 }).catch((error: unknown) => error)
    await world.advance(9_999)
    expect(world.reloader.status().state).toBe('idle')
    await world.advance(1)
    expect(await started).toMatchObject({ code: 'reloader.start-timeout', failures: [{}, { code: 'source.tls' }] })
    expect([world.reloader.status().state, world.clock.pending(), world.source.watches]).toEqual(['closed', 0, 0])
  })

  it('G15 waits until its signal', async () => {
    const world = createWorld({ config: one })
    cut(world)
    const controller = new AbortController()
    const started = world.reloader
      .start({ signal: controller.signal, deadlineMs: HOUR_MS })
      .catch((error: unknown) => error)
    await world.advance(10_000)
    controller.abort()
    await world.advance(0)
    expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
    expect([world.clock.pending(), getEventListeners(controller.signal, 'abort')]).toEqual([0, []])
  })

  it('G15 with a signal that has aborted already asks nothing of anybody and leaves nothing', async () => {
    const world = createWorld({ config: one })
    const signal = AbortSignal.abort()
    const started = world.reloader.start({ signal, deadlineMs: HOUR_MS }).catch((error: unknown) => error)
    await world.advance(0)
    expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
    expect([world.calls, world.clock.pending(), getEventListeners(signal, 'abort')]).toEqual([[], 0, []])
  })

  it('G15 that was aborted while modules prepare closes what they have made', async () => {
    const world = createWorld({ config: configOf({ a: 1, b: 1 }) })
    world.modules.b.script('prepare', 'heed')
    const controller = new AbortController()
    const started = world.reloader.start({ signal: controller.signal }).catch((error: unknown) => error)
    await world.advance(10)
    controller.abort()
    await world.advance(0)
    expect(await started).toMatchObject({ code: 'reloader.start-aborted' })
    expect([world.modules.a.made.map(({ closes }) => closes), world.reloader.status().state]).toEqual([[1], 'closed'])
  })

  it('G15 rejects at once for a bad document, whatever time it has', async () => {
    const world = createWorld({ options: {} })
    world.source.put('{')
    await expect(world.reloader.start({ deadlineMs: HOUR_MS })).rejects.toMatchObject({ code: 'document.malformed' })
    expect([world.clock.monotonic(), world.clock.pending()]).toEqual([0, 0])
  })

  it('G15 is not ended by its signal or its deadline once it has resolved', async () => {
    const world = createWorld({ config: one })
    const controller = new AbortController()
    await world.reloader.start({ signal: controller.signal, deadlineMs: 1_000 })
    expect(getEventListeners(controller.signal, 'abort')).toEqual([])
    controller.abort()
    await world.advance(10_000)
    expect([world.reloader.status().state, world.served]).toEqual(['committed', { a: 1 }])
  })
})
