import { describe, expect, it } from 'vitest'
import { schemaOf } from '../validation/service.ts'
import { Config, type Harness, startHarness } from './harness.ts'
import { allAt, deadlines } from './short-deadlines.ts'

const { validateMs, prepareMs, applyMs, checkMs, leaseMs, graceMs } = deadlines
const one = allAt(1)

interface Hang {
  readonly what: string
  readonly hang: (harness: Harness) => void
  readonly outcome: string
  /** Adds up the deadlines and graces that the hang can take. */
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
    what: 'a prepare that succeeds, but late',
    hang: ({ modules }) => modules.b.script('prepare', 'finish-on-abort'),
    outcome: 'rolled-back',
    withinMs: prepareMs,
    code: 'module.prepare-timeout',
  },
  {
    what: 'all prepares that run in parallel',
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
    what: 'the close of a replaced generation',
    hang: ({ modules }) => {
      modules.a.script('close', 'deaf')
      modules.d.script('close', 'deaf')
    },
    outcome: 'committed',
    withinMs: 0,
  },
]

describe('G10 Every transaction that has its document ends within the sum of its deadlines and graces', () => {
  it.each(hangs)('G10 if $what hangs, and then the next one can start', async ({ hang, outcome, withinMs, code }) => {
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
    // A degraded module whose call has ended is repaired first.
    while (harness.reloader.status().state === 'degraded') await harness.advance(1)
    harness.source.put(allAt(3))
    await harness.advance(0)
    expect([harness.reloader.status().state, harness.served]).toEqual(['committed', { a: 3, b: 3, c: 3, d: 3, x: 3 }])
  })

  it('G10 if a check hangs in the soak, round after round', async () => {
    const soak = { durationMs: 1_000, intervalMs: 100, failureThreshold: 3 }
    const harness = await startHarness({ config: one, options: { deadlines, soak } })
    harness.modules.a.always('check', 'deaf')
    const withinMs = 3 * (checkMs + graceMs) + 2 * soak.intervalMs
    const record = await harness.put(allAt(2), withinMs)
    expect(record).toMatchObject({ outcome: 'rolled-back', failures: [{ code: 'module.check-timeout', module: 'a' }] })
    expect(record.durationMs).toBe(withinMs)
    expect(harness.served).toEqual({ a: 1, b: 1, c: 1, d: 1, x: 1 })
  })

  it('G10 if checks that fail now and then keep a soak from its last good round, but not forever', async () => {
    const soak = { durationMs: 1_000, intervalMs: 100, failureThreshold: 3 }
    const harness = await startHarness({ config: one, options: { deadlines, soak } })
    let round = 0
    harness.modules.a.always('check', () => (++round % 3 === 0 ? undefined : Promise.reject(new Error('not yet'))))
    const record = await harness.put(allAt(2), soak.durationMs + soak.failureThreshold * soak.intervalMs)
    expect(record.outcome).toBe('committed')
  })

  it('G10 if the schema never answers', async () => {
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

  it('G10 if a lease is never released, which delays neither this transaction nor the next', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    void harness.reloader.lease(() => new Promise(() => {}))
    void harness.reloader.modules.x.use(() => new Promise(() => {}))
    expect(await harness.put(allAt(2))).toMatchObject({ outcome: 'committed' })
    expect(await harness.put(allAt(3))).toMatchObject({ outcome: 'committed' })
    expect(harness.modules.x.made.map(({ closes }) => closes)).toEqual([0, 1, 0])
    await harness.advance(leaseMs)
    expect(harness.modules.x.made.map(({ closes }) => closes)).toEqual([1, 1, 0])
  })

  it('G10 if a dry run hangs in a prepare: it is stopped, and the transaction waits at most for its grace', async () => {
    const harness = await startHarness({ config: one, options: { deadlines } })
    harness.modules.a.script('prepare', 'deaf')
    const plan = harness.reloader.plan(JSON.stringify(allAt(9)), { prepare: true })
    await harness.advance(0)
    const record = await harness.put(allAt(2), graceMs)
    expect(record).toMatchObject({ outcome: 'committed', durationMs: graceMs })
    expect(await plan).toMatchObject({ verdict: 'failed', failures: [{ code: 'reloader.plan-stopped' }] })
  })

  it('G10 while a module keeps its place in the queue until it settles or its grace ends', async () => {
    const harness = await startHarness({ config: one, options: { deadlines, concurrency: 1 } })
    harness.modules.a.script('prepare', 'deaf')
    harness.source.put(allAt(2))
    await harness.advance(prepareMs + graceMs - 1)
    expect([harness.calls, harness.reloader.status().state]).toEqual([['prepare a2'], 'preparing'])
    await harness.advance(1)
    expect(harness.reloader.status().state).toBe('rolled-back')
  })
})
