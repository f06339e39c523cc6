import { describe, expect, it } from 'vitest'
import { type Harness, PACED_MS, startHarness } from './harness.ts'
import { allAt, deadlines } from './short-deadlines.ts'

const { readMs, prepareMs, applyMs, checkMs, closeMs, leaseMs, graceMs } = deadlines
const one = allAt(1)

describe('G10 An unreachable source', () => {
  it('causes no transaction, however long it lasts, and what serves is unaffected', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    harness.source.failReads('source.unreachable')
    harness.source.failWatches('source.unreachable')
    harness.source.breakWatch('source.unreachable')
    await harness.advance(3_600_000)
    expect([harness.records.length, harness.reloader.status().state]).toEqual([1, 'committed'])
    expect(harness.reloader.status().source).toMatchObject({ lastError: { code: 'source.unreachable' } })
    expect(harness.served.a).toBe(1)
  })

  it.each([
    ['refuses', (harness: Harness) => harness.source.failReads('source.denied'), 'source.denied', 0],
    ['hangs', (harness: Harness) => harness.source.hangReads(), 'source.timeout', readMs],
    [
      'hangs and heeds no signal',
      (harness: Harness) => harness.source.hangReads({ deaf: true }),
      'source.timeout',
      readMs,
    ],
  ] as const)('that %s ends an explicit reload as rejected, with its code', async (_, spoil, code, withinMs) => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    spoil(harness)
    const reloaded = harness.reloader.reload()
    await harness.advance(withinMs + 1)
    const record = await reloaded
    expect(record).toMatchObject({ outcome: 'rejected', trigger: 'reload', failures: [{ code, phase: 'fetching' }] })
    expect(record.durationMs).toBeLessThanOrEqual(withinMs + 1)
    expect(record.revision).toBeUndefined()
    harness.source.heal()
    const again = harness.reloader.reload()
    await harness.advance(0)
    expect(await again).toMatchObject({ outcome: 'unchanged' })
  })
})

describe('G10 A module that hangs again and again', () => {
  it('is called a limited number of times; then it is stuck until one of its calls settles', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    harness.modules.x.always('prepare', 'deaf')
    const outcomes: unknown[] = []
    for (let value = 2; value <= 6; value++) {
      const record = await harness.put({ ...one, x: { value } }, prepareMs + graceMs)
      outcomes.push('failures' in record && record.failures.map(({ code }) => code).join())
    }
    const late = 'module.prepare-timeout'
    expect(outcomes).toEqual([late, late, late, 'module.stuck', 'module.stuck'])
    expect([harness.callsOf({ hooks: ['prepare'] }).length, harness.modules.x.hanging]).toEqual([3, 3])
    harness.modules.x.heal()
    expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' }) // it tries the newest document that found it stuck
    expect(harness.served.x).toBe(6)
    expect(await harness.put({ ...one, x: { value: 7 } })).toMatchObject({ outcome: 'committed' })
    expect(harness.modules.x.made.map(({ closes }) => closes)).toEqual([1, 1, 1, 1, 1, 0])
  })

  it('that hangs in its closes is stuck too, and each close is reported as a leak until it ends', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    harness.modules.x.always('close', 'deaf')
    for (let value = 2; value <= 4; value++) {
      expect(await harness.put({ ...one, x: { value } })).toMatchObject({ outcome: 'committed' })
      await harness.advance(closeMs + 1)
    }
    expect(harness.reloader.status().modules.x).toMatchObject({ opened: 4, live: 1, leaked: 3 })
    expect(await harness.put({ ...one, x: { value: 5 } })).toMatchObject({ failures: [{ code: 'module.stuck' }] })
    harness.modules.x.heal()
    expect(await harness.next()).toMatchObject({ outcome: 'committed' })
    expect(harness.served.x).toBe(5)
    expect(harness.reloader.status().modules.x).toMatchObject({ opened: 5, closed: 4, live: 1, leaked: 0 })
  })

  it('tries a document that found a module busy only once, while the other calls heed their abort', async () => {
    const harness = await startHarness({
      config: allAt(1),
      options: { deadlines, repair: { minMs: 60_000, maxMs: 60_000 } },
    })
    harness.modules.k.script('apply', 'deaf')
    expect(await harness.put(allAt(2), applyMs + graceMs)).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
    // The prepare that ends a moment after its abort is no reason to try again, because k is what blocks the document.
    harness.modules.x.script('prepare', ...Array.from({ length: 20 }, () => 'heed' as const))
    expect(await harness.put(allAt(3))).toMatchObject({ failures: [{ code: 'module.unsettled', module: 'k' }] })
    const { length } = harness.records
    await harness.advance(20_000)
    expect(harness.records.slice(length)).toEqual([])
    harness.modules.x.heal()
    harness.modules.k.release()
    expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' })
    expect(harness.served.x).toBe(3)
  })

  it('whose old generations are all in use gets no new one before one of them is free', async () => {
    const slow = { ...deadlines, leaseMs: 3_600_000 }
    const harness = await startHarness({ config: one, options: { deadlines: slow } })
    const releases: (() => void)[] = []
    let value = 1
    let record = harness.records[0]
    while (record?.outcome === 'committed' && value < 100) {
      void harness.reloader.modules.x.use(() => new Promise<void>((resolve) => releases.push(resolve)))
      value += 1
      record = await harness.put({ ...one, x: { value } }, PACED_MS + prepareMs + graceMs)
    }
    expect(record).toMatchObject({
      outcome: 'rolled-back',
      failures: [{ code: 'module.prepare-timeout', module: 'x' }],
    })
    expect(harness.reloader.status().modules.x?.live).toBe(9)
    releases.shift()?.()
    await harness.advance(0)
    expect(await harness.put({ ...one, x: { value: 200 } }, PACED_MS)).toMatchObject({ outcome: 'committed' })
    for (const release of releases) release()
  })
})

describe('G10 Closing', () => {
  const spoils: readonly (readonly [string, (harness: Harness) => void])[] = [
    [
      'a prepare hangs',
      ({ modules, source }) => {
        modules.a.always('prepare', 'deaf')
        source.put(allAt(2))
      },
    ],
    [
      'an apply hangs',
      ({ modules, source }) => {
        modules.k.always('apply', 'deaf')
        modules.k.always('undo', 'deaf')
        source.put(allAt(2))
      },
    ],
    [
      'a check hangs',
      ({ modules, source }) => {
        modules.a.always('check', 'deaf')
        source.put(allAt(2))
      },
    ],
    [
      'all closes hang',
      ({ modules }) => {
        for (const name of ['a', 'b', 'c', 'd', 'x', 'k', 'l'] as const) modules[name].always('close', 'deaf')
      },
    ],
    [
      'leases are not released',
      ({ reloader }) => {
        for (let n = 0; n < 5; n++) void reloader.lease(() => new Promise(() => {}))
      },
    ],
    [
      'a read hangs',
      ({ source, reloader }) => {
        source.hangReads({ deaf: true })
        reloader.reload().catch(() => {})
      },
    ],
  ]

  it.each(spoils)('ends in time if %s', async (_, spoil) => {
    const soak = { durationMs: 10_000, intervalMs: 100 }
    const harness = await startHarness({ config: one, options: { deadlines, soak } })
    spoil(harness)
    await harness.advance(10)
    let isClosed = false
    void harness.reloader.close().then(() => {
      isClosed = true
    })
    // Four modules in a row, two compensating ones, and the source, after a first transaction.
    const longest = prepareMs + 4 * (applyMs + graceMs) + checkMs + graceMs + 4 * (leaseMs + closeMs) + 3 * closeMs
    await harness.advance(longest + 20)
    expect([isClosed, harness.reloader.status().state]).toEqual([true, 'closed'])
  })
})
