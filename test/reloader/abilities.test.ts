import { type Applier, createReloader, type TransactionRecord, timedTree } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'

const schema = z.strictObject({ level: z.string(), max: z.number().max(10), secret: z.string().optional() })
const first = { level: 'info', max: 1 }

const applier = (onPrepare = (_: number) => {}): Applier<number, { readonly max: number }> => ({
  prepare: (max) => {
    onPrepare(max)
    return { instance: { max } }
  },
})

const started = async (options: object = {}) => {
  const source = memorySource(first)
  const prepared: number[] = []
  const reloader = createReloader({ source, schema, public: ['level'], ...options }).use(
    'm',
    (config) => config.max,
    applier((max) => prepared.push(max)),
  )
  await reloader.start()
  const records: TransactionRecord[] = []
  const consumed = (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  /** Publishes a document and waits for its record. */
  const put = async (document: object | string): Promise<TransactionRecord> => {
    const { name } = source.put(document)
    await vi.waitFor(() => expect(records.at(-1)?.revision?.name).toBe(name), { timeout: 20_000 })
    return records.at(-1) as TransactionRecord
  }
  return { source, reloader, records, put, prepared, consumed }
}

test('the serving config is deeply frozen', async () => {
  const { reloader } = await started()
  expect(Object.isFrozen(reloader.config)).toBe(true)
  expect(() => Object.assign(reloader.config, { max: 2 })).toThrow(TypeError)
  await reloader.close()
})

test('reload reads now and resolves with its own record, changed or not', async () => {
  const { reloader, source } = await started()
  expect(await reloader.reload()).toMatchObject({ outcome: 'unchanged', trigger: 'reload' })
  source.silence()
  source.put({ ...first, max: 2 })
  expect(await reloader.reload()).toMatchObject({ outcome: 'committed', revision: { name: '2' } })
  expect(reloader.config.max).toBe(2)
  const both = await Promise.all([reloader.reload(), reloader.reload()])
  expect(both.map(({ outcome }) => outcome)).toEqual(['unchanged', 'unchanged'])
  await reloader.close()
})

test('retry and reload both try a rolled-back document again', async () => {
  const source = memorySource(first)
  let isBroken = false
  const reloader = createReloader({ source, schema }).use(
    'm',
    (config) => config.max,
    applier(() => {
      if (isBroken) throw new Error('broken')
    }),
  )
  await reloader.start()
  isBroken = true
  source.put({ ...first, max: 2 })
  await vi.waitFor(() => expect(reloader.status().state).toBe('rolled-back'), { timeout: 20_000 })
  expect(reloader.status().inSync).toBe(false)
  expect(await reloader.reload()).toMatchObject({
    outcome: 'rolled-back',
    failures: [{ code: 'module.prepare-failed', module: 'm' }],
  })
  expect(reloader.config.max).toBe(1)
  isBroken = false
  expect(await reloader.retry()).toMatchObject({ outcome: 'committed', trigger: 'retry' })
  expect(reloader.config.max).toBe(2)
  expect(reloader.status().inSync).toBe(true)
  await reloader.close()
})

test('plan reports what a document would do and calls no module', async () => {
  const { reloader, prepared } = await started()
  const before = prepared.length
  expect(await reloader.plan(JSON.stringify(first))).toMatchObject({ verdict: 'unchanged', modules: [] })
  expect(await reloader.plan('{"level":"debug","max":1}')).toEqual({
    verdict: 'changes',
    modules: [],
    unfollowed: ['level'],
    diff: { count: 1, differences: [{ path: 'level', change: 'changed', from: 'info', to: 'debug' }] },
    failures: [],
  })
  expect(await reloader.plan('{"level":"info","max":3,"secret":"x"}')).toEqual({
    verdict: 'changes',
    modules: [{ module: 'm', change: 'replace' }],
    unfollowed: ['secret'],
    diff: {
      count: 2,
      differences: [
        { path: 'max', change: 'changed' },
        { path: 'secret', change: 'added' },
      ],
    },
    failures: [],
  })
  expect(await reloader.plan('{"level":"info","max":11}')).toMatchObject({
    verdict: 'rejected',
    failures: [{ code: 'schema.invalid', path: 'max', kind: 'number' }],
  })
  expect(prepared).toHaveLength(before)
  expect(reloader.config.max).toBe(1)
  await reloader.close()
})

test('plan with prepare also prepares, closes what it made, and reports what failed', async () => {
  const source = memorySource(first)
  const closed: number[] = []
  const reloader = createReloader({ source, schema }).use('m', (config) => config.max, {
    prepare: (max: number) => {
      if (max > 5) throw new Error('too many')
      return { instance: max, close: async () => void closed.push(max) }
    },
  })
  await reloader.start()
  expect(await reloader.plan('{"level":"info","max":3}', { prepare: true })).toMatchObject({ verdict: 'changes' })
  expect(closed).toEqual([3])
  expect(await reloader.plan('{"level":"info","max":6}', { prepare: true })).toMatchObject({
    verdict: 'failed',
    failures: [{ code: 'module.prepare-failed', module: 'm' }],
  })
  expect(reloader.modules.m.current).toBe(1)
  expect(reloader.status().modules.m).toMatchObject({ opened: 2, closed: 1, live: 1 })
  await reloader.close()
})

test('a policy rejects a change, and receives what served before', async () => {
  const policy = vi.fn((next: { max: number }, previous: { max: number } | undefined): undefined => {
    if (previous !== undefined && next.max > previous.max * 4) throw new Error('too wild')
  })
  const { reloader, put } = await started({ policies: [policy] })
  expect(policy).toHaveBeenCalledExactlyOnceWith(first, undefined)
  expect(await put({ ...first, max: 9 })).toMatchObject({
    outcome: 'rejected',
    failures: [{ code: 'policy.refused', phase: 'validating' }],
  })
  expect(await put({ ...first, max: 3 })).toMatchObject({ outcome: 'committed' })
  await reloader.close()
})

test('a listener is called for its part after the commit, and not after its signal has aborted', async () => {
  const { reloader, put } = await started()
  const heard: unknown[] = []
  const stop = new AbortController()
  reloader.subscribe(
    (config) => config.max,
    (next, previous, context) => heard.push([next, previous, context.direction, reloader.modules.m.current.max]),
    { signal: stop.signal },
  )
  await put({ ...first, max: 2 })
  await put({ ...first, max: 2, level: 'debug' })
  expect(heard).toEqual([[2, 1, 'forward', 2]])
  stop.abort()
  await put({ ...first, max: 3 })
  expect(heard).toHaveLength(1)
  await reloader.close()
})

test('records end with close, with the signal, and with return', async () => {
  const { reloader, consumed, put } = await started()
  const stop = new AbortController()
  const bySignal = reloader.transactions({ signal: stop.signal })
  const byReturn = reloader.transactions()
  await put({ ...first, max: 2 })
  expect((await bySignal.next()).value).toMatchObject({ outcome: 'committed' })
  const pending = bySignal.next()
  stop.abort()
  expect(await pending).toEqual({ done: true, value: undefined })
  for await (const record of byReturn) {
    expect(record.outcome).toBe('committed')
    break
  }
  expect(await byReturn.next()).toEqual({ done: true, value: undefined })
  await reloader.close()
  await consumed
  expect(await reloader.transactions().next()).toEqual({ done: true, value: undefined })
})

test('a reloader is an async disposable', async () => {
  const { reloader } = await started()
  await reloader[Symbol.asyncDispose]()
  expect(reloader.status()).toMatchObject({ state: 'closed', source: { state: 'closed' } })
})

test('a custom parse replaces JSON', async () => {
  const source = memorySource('level=info max=4')
  const parse = (text: string) => {
    const [level, max] = text.split(' ').map((part) => part.split('=')[1])
    return { level, max: Number(max) }
  }
  const reloader = createReloader({ source, schema, parse })
  await reloader.start()
  expect(reloader.config).toEqual({ level: 'info', max: 4 })
  await reloader.close()
})

test('a reconcile read notices a silent watch, and starts no transaction if nothing is newer', async () => {
  const clock = createVirtualClock()
  const source = memorySource(first)
  const reloader = createReloader({ source, schema, clock, reconcileMs: 10_000 })
  const starting = reloader.start()
  await clock.advance(1_000)
  await starting
  source.silence()
  const reads = source.reads
  await clock.advance(60_000)
  expect(source.reads).toBeGreaterThan(reads + 3)
  expect(reloader.status().counters).toMatchObject({ committed: 1, unchanged: 0 })
  source.put({ ...first, max: 7 })
  await clock.advance(12_000)
  expect(reloader.config.max).toBe(7)
  const closing = reloader.close()
  await clock.advance(1_000)
  await closing
})

test('the timed tree has one line per module, below those it comes after, and one per failure', () => {
  const phase = { phase: 'prepare', startMs: 0, durationMs: 12.34 } as const
  const tree = timedTree({
    id: 'x-2',
    epoch: 2,
    trigger: 'change',
    revision: { lineage: 'l', order: 7, name: '7' },
    startedAt: 0,
    durationMs: 250,
    outcome: 'rolled-back',
    modules: [
      { module: 'log', change: 'replace', after: [], phases: [{ ...phase, result: 'done' }] },
      { module: 'db', change: 'replace', after: ['log'], phases: [{ ...phase, result: 'failed' }] },
    ],
    failures: [{ code: 'module.prepare-failed', message: 'It failed', hint: 'Mend it.' }],
  })
  expect(tree).toBe(
    [
      'rolled-back  x-2  revision 7  (change, 250 ms)',
      '├─ log   replace  prepare 12 ms',
      '├─   db  replace  prepare 12 ms failed',
      '└─ ✗ module.prepare-failed: It failed. Mend it.',
    ].join('\n'),
  )
})
