import { describe, expect, it } from 'vitest'
import { schemaOf } from '../validation/service.ts'
import { Config, configOf, PACED_MS, startHarness, type Harness } from './harness.ts'

const deadlines = {
  readMs: 900,
  validateMs: 800,
  prepareMs: 700,
  applyMs: 600,
  checkMs: 500,
  closeMs: 400,
  leaseMs: 300,
  graceMs: 50,
}
const { readMs, validateMs, prepareMs, applyMs, checkMs, closeMs, leaseMs, graceMs } = deadlines
const one = configOf({ a: 1, b: 1, c: 1, d: 1, x: 1, k: 1, l: 1 })
const allAt = (value: number): Config =>
  configOf({ a: value, b: value, c: value, d: value, x: value, k: value, l: value })

interface Hang {
  readonly what: string
  readonly hang: (harness: Harness) => void
  readonly outcome: string
  /** The sum of the deadlines and graces that the hang can cost. */
  readonly withinMs: number
  readonly code?: string
}

const hangs: readonly Hang[] = [
  ...(['a', 'c', 'd', 'x'] as const).map((name) => ({
    what: `the prepare of ${name}`,
    hang: (harness: Harness) => harness.modules[name].script('prepare', 'deaf'),
    outcome: 'rolled-back',
    withinMs: prepareMs + graceMs,
    code: 'module.prepare-timeout',
  })),
  {
    what: 'a prepare that heeds its signal',
    hang: ({ modules }) => modules.b.script('prepare', 'heed'),
    outcome: 'rolled-back',
    withinMs: prepareMs,
    code: 'module.prepare-timeout',
  },
  {
    what: 'a prepare that ends well, but late',
    hang: ({ modules }) => modules.b.script('prepare', 'finish-on-abort'),
    outcome: 'rolled-back',
    withinMs: prepareMs,
    code: 'module.prepare-timeout',
  },
  {
    what: 'all prepares that run side by side',
    hang: ({ modules }) => {
      modules.a.script('prepare', 'deaf')
      modules.x.script('prepare', 'deaf')
    },
    outcome: 'rolled-back',
    withinMs: prepareMs + graceMs,
    code: 'module.prepare-timeout',
  },
  {
    what: 'the clean-up of a prepare that failed',
    hang: ({ modules }) => {
      modules.b.script('prepare', 'reject')
      modules.b.script('cleanup', 'deaf')
    },
    outcome: 'rolled-back',
    withinMs: 0,
    code: 'module.prepare-failed',
  },
  {
    what: 'an apply',
    hang: ({ modules }) => modules.k.script('apply', 'deaf'),
    outcome: 'degraded',
    withinMs: applyMs + graceMs,
    code: 'module.apply-timeout',
  },
  {
    what: 'an apply, and the undo of another',
    hang: ({ modules }) => {
      modules.l.script('apply', 'heed')
      modules.k.script('undo', 'deaf')
    },
    outcome: 'degraded',
    withinMs: applyMs + applyMs + applyMs + graceMs,
    code: 'module.apply-timeout',
  },
  {
    what: 'the close of what was replaced',
    hang: ({ modules }) => {
      modules.a.script('close', 'deaf')
      modules.d.script('close', 'deaf')
    },
    outcome: 'committed',
    withinMs: 0,
  },
]

describe('G10 Every transaction that has its document ends within the sum of its deadlines and graces', () => {
  it.each(hangs)('G10 where $what hangs; then the next one can start', async ({ hang, outcome, withinMs, code }) => {
    const harness = await startHarness({
      config: one,
      options: { deadlines, repair: { minMs: 60_000, maxMs: 60_000 } },
    })
    hang(harness)
    const record = await harness.put(allAt(2), withinMs)
    expect(record.outcome).toBe(outcome)
    expect(record.durationMs).toBeLessThanOrEqual(withinMs)
    expect('failures' in record ? record.failures[0].code : undefined).toBe(code)
    for (const name of ['a', 'b', 'c', 'd', 'x', 'k', 'l'] as const) harness.modules[name].release()
    await harness.advance(0)
    // A degraded module that has ended at last is repaired first.
    while (harness.reloader.status().state === 'degraded') await harness.advance(1)
    harness.source.put(allAt(3))
    await harness.advance(0)
    expect([harness.reloader.status().state, harness.served]).toEqual(['committed', { a: 3, b: 3, c: 3, d: 3, x: 3 }])
  })

  it('G10 where a check hangs in the soak, round after round', async () => {
    const soak = { durationMs: 1_000, intervalMs: 100, failureThreshold: 3 }
    const harness = await startHarness({ config: one, options: { deadlines, soak } })
    harness.modules.a.always('check', 'deaf')
    const withinMs = 3 * (checkMs + graceMs) + 2 * soak.intervalMs
    const record = await harness.put(allAt(2), withinMs)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-timeout', module: 'a' }] })
    expect(record.durationMs).toBe(withinMs)
    expect(harness.served).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1 })
  })

  it('G10 where checks that fail now and then keep a soak from its last good round, but not for ever', async () => {
    const soak = { durationMs: 1_000, intervalMs: 100, failureThreshold: 3 }
    const harness = await startHarness({ config: one, options: { deadlines, soak } })
    let round = 0
    harness.modules.a.always('check', () => (++round % 3 === 0 ? undefined : Promise.reject(new Error('not yet'))))
    const record = await harness.put(allAt(2), soak.durationMs + soak.failureThreshold * soak.intervalMs)
    expect(record.outcome).toBe('committed')
  })

  it('G10 where the schema never answers', async () => {
    let hanging = false
    const schema = schemaOf<Config>((value) => (hanging ? new Promise(() => {}) : Config['~standard'].validate(value)))
    const harness = await startHarness({ config: one, options: { deadlines, schema } })
    hanging = true
    const record = await harness.put(allAt(2), validateMs)
    expect(record).toMatchObject({
      outcome: 'rejected',
      durationMs: validateMs,
      failures: [{ code: 'schema.timeout' }],
    })
    hanging = false
    expect(await harness.put(allAt(3))).toMatchObject({ outcome: 'committed' })
  })

  it('G10 where a lease is never given back: it holds neither this transaction nor the next', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    void harness.reloader.lease(() => new Promise(() => {}))
    void harness.reloader.modules.x.use(() => new Promise(() => {}))
    expect(await harness.put(allAt(2))).toMatchObject({ outcome: 'committed' })
    expect(await harness.put(allAt(3))).toMatchObject({ outcome: 'committed' })
    expect(harness.modules.x.made.map(({ closes }) => closes)).toEqual([0, 1, 0])
    await harness.advance(leaseMs)
    expect(harness.modules.x.made.map(({ closes }) => closes)).toEqual([1, 1, 0])
  })

  it('G10 where a dry run hangs in a prepare: it is stopped, and the transaction waits for its grace at most', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    harness.modules.a.script('prepare', 'deaf')
    const plan = harness.reloader.plan(JSON.stringify(allAt(9)), { prepare: true })
    await harness.advance(0)
    const record = await harness.put(allAt(2), graceMs)
    expect(record).toMatchObject({ outcome: 'committed', durationMs: graceMs })
    expect(await plan).toMatchObject({ verdict: 'failed', failures: [{ code: 'reloader.plan-stopped' }] })
  })

  it('G10 a module keeps its place in the queue until it settles or its grace ends', async () => {
    const harness = await startHarness({ config: one, options: { deadlines, concurrency: 1 } })
    harness.modules.a.script('prepare', 'deaf')
    harness.source.put(allAt(2))
    await harness.advance(prepareMs + graceMs - 1)
    expect([harness.calls, harness.reloader.status().state]).toEqual([['prepare a2'], 'preparing'])
    await harness.advance(1)
    expect(harness.reloader.status().state).toBe('rolled-back')
  })
})

describe('G10 An unreachable source', () => {
  it('makes no transaction, however long it lasts, and what serves goes on', async () => {
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
  it('is called a bounded number of times, then it is stuck, until a call of it settles', async () => {
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
    expect(await harness.next()).toMatchObject({ outcome: 'committed', trigger: 'repair' }) // of the newest that found it stuck
    expect(harness.served.x).toBe(6)
    expect(await harness.put({ ...one, x: { value: 7 } })).toMatchObject({ outcome: 'committed' })
    expect(harness.modules.x.made.map(({ closes }) => closes)).toEqual([1, 1, 1, 1, 1, 0])
  })

  it('that hangs in its closes is stuck too, and each is told as a leak until it ends', async () => {
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

  it('tries a document that met a busy module once, not again and again, while others heed that they are given up', async () => {
    const harness = await startHarness({
      config: allAt(1),
      options: { deadlines, repair: { minMs: 60_000, maxMs: 60_000 } },
    })
    harness.modules.k.script('apply', 'deaf')
    expect(await harness.put(allAt(2), applyMs + graceMs)).toMatchObject({ outcome: 'degraded', degraded: ['k'] })
    // A prepare that ends a moment after its abort: that is no reason to try again, for k is what stands in the way.
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

  it('whose old generations are all held is not given a new one before one of them is free', async () => {
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
      'leases are held',
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

  it.each(spoils)('ends in time where %s', async (_, spoil) => {
    const soak = { durationMs: 10_000, intervalMs: 100 }
    const harness = await startHarness({ config: one, options: { deadlines, soak } })
    spoil(harness)
    await harness.advance(10)
    let isClosed = false
    void harness.reloader.close().then(() => {
      isClosed = true
    })
    // Four modules in a row, two that compensate, and the source; a transaction before them.
    const longest = prepareMs + 4 * (applyMs + graceMs) + checkMs + graceMs + 4 * (leaseMs + closeMs) + 3 * closeMs
    await harness.advance(longest + 20)
    expect([isClosed, harness.reloader.status().state]).toEqual([true, 'closed'])
  })
})
