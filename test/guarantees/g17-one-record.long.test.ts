import type { Outcome, TransactionRecord } from 'changeover'
import { describe, expect, it } from 'vitest'
import { createRandom, type Random } from '../support/random.ts'
import type { Behavior, Hook } from './scripted-modules.ts'
import { type Config, configOf, createHarness, PACED_MS, startHarness, type Harness } from './harness.ts'

const one = configOf({ a: 1, b: 1, k: 1, x: 1 })
const outcomes: readonly Outcome[] = [
  'committed',
  'unchanged',
  'rejected',
  'rolled-back',
  'superseded',
  'aborted',
  'degraded',
]

const hooksOf = {
  a: ['prepare', 'commit', 'rollback', 'check', 'close', 'cleanup'],
  b: ['prepare', 'commit', 'rollback', 'check', 'close', 'cleanup'],
  x: ['prepare', 'commit', 'rollback', 'check', 'close', 'cleanup'],
  k: ['apply', 'undo', 'close'],
} as const satisfies Record<string, readonly [Hook, ...Hook[]]>

/** Makes something happen to the service: a change, an error, a hang, a command. */
const shake = (harness: Harness, { chance, pick, below }: Random, asked: Promise<unknown>[]): void => {
  const { source, modules, reloader } = harness
  const value = 1 + below(6)
  if (chance(0.5))
    source.put(
      pick<Config | string>([
        configOf({ a: value, b: value, k: value, x: value }),
        configOf({ a: value }),
        one,
        '{',
        '',
      ]),
    )
  if (chance(0.05)) source.delete()
  if (chance(0.1)) source.breakWatch('source.closed')
  if (chance(0.1)) source.failReads('source.unreachable', 1 + below(3))
  if (chance(0.05)) source.hangReads({ deaf: chance(0.5) })
  if (chance(0.3)) source.heal()
  if (chance(0.2)) asked.push(reloader.reload())
  if (chance(0.5)) {
    const name = pick<keyof typeof hooksOf>(['a', 'b', 'x', 'k'])
    const behavior = pick<Behavior>([
      'throw',
      'reject',
      'reject-oddly',
      'heed',
      'finish-on-abort',
      'deaf',
      'promise',
      'garbage',
    ])
    modules[name].script(pick<Hook>(hooksOf[name]), behavior)
  }
  if (chance(0.1)) for (const name of ['a', 'b', 'x', 'k'] as const) modules[name].heal()
}

const expectOneEach = (records: readonly TransactionRecord[], { reloader }: Harness): void => {
  const { counters } = reloader.status()
  const counted = Object.fromEntries(
    outcomes.map((outcome) => [outcome, records.filter((record) => record.outcome === outcome).length]),
  )
  const { reported: _, ...byOutcome } = counters
  expect(byOutcome).toEqual(counted)
  expect(new Set(records.map(({ id }) => id)).size).toBe(records.length)
  expect(records.map(({ epoch }) => epoch)).toEqual(records.map((_record, index) => index + 1))
}

describe('G17 Under a random load', () => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])(
    'G17 there is one record per transaction, the counters add up, and every reload() settles; seed %i',
    async (seed) => {
      const random = createRandom(seed)
      const harness = await startHarness({
        config: one,
        checkCloses: false,
        options: {
          soak: { durationMs: 300, intervalMs: 100 },
          deadlines: {
            readMs: 200,
            validateMs: 200,
            prepareMs: 200,
            applyMs: 200,
            checkMs: 100,
            closeMs: 100,
            leaseMs: 100,
            graceMs: 50,
          },
          sourceBackoff: { minMs: 10, maxMs: 200 },
          repair: { minMs: 50, maxMs: 500 },
        },
      })
      const asked: Promise<unknown>[] = []
      for (let round = 0; round < 1_500; round++) {
        shake(harness, random, asked)
        await harness.advance(random.below(120))
        if (round % 100 === 0) expectOneEach(harness.records, harness)
      }
      const closed = harness.reloader.close()
      asked.push(harness.reloader.reload())
      await harness.advance(60_000)
      await closed
      expectOneEach(harness.records, harness)
      const answers = await Promise.allSettled(asked)
      for (const answer of answers) {
        if (answer.status === 'rejected') expect(answer.reason).toMatchObject({ code: 'reloader.closed' })
        else expect(harness.records).toContain(answer.value)
      }
      expect(harness.records.length).toBeGreaterThan(300)
      for (const outcome of outcomes.filter((name) => name !== 'aborted')) {
        expect([outcome, harness.records.some((record) => record.outcome === outcome)]).toEqual([outcome, true])
      }
    },
  )
})

describe('G17 Every reload()', () => {
  it('G17 resolves with the record of the first transaction whose read began after the call', async () => {
    const harness = await startHarness({ config: one })
    harness.modules.a.script('prepare', 'deaf')
    harness.source.put(configOf({ a: 2 }))
    await harness.advance(1)
    harness.source.silence()
    harness.source.put(configOf({ a: 3 }))
    const asked = [harness.reloader.reload(), harness.reloader.reload(), harness.reloader.reload()]
    harness.modules.a.release()
    await harness.advance(0)
    const answers = await Promise.all(asked)
    expect(harness.records.map(({ outcome, trigger }) => `${outcome} ${trigger}`)).toEqual([
      'committed start',
      'committed change',
      'committed reload',
    ])
    expect(new Set(answers)).toEqual(new Set([harness.records[2]]))
    expect(harness.served.a).toBe(3)
  })

  it('G17 during another read resolves after a read of its own', async () => {
    const harness = await startHarness({ config: one })
    harness.source.hangReads()
    const first = harness.reloader.reload()
    await harness.advance(1)
    const second = harness.reloader.reload()
    harness.source.silence()
    harness.source.put(configOf({ a: 4 }))
    harness.source.heal()
    await harness.advance(0)
    expect((await first).epoch).toBe(2)
    expect((await second).epoch).toBe(3)
  })

  it('G17 rejects before the start, after the close, and if the close comes first', async () => {
    const harness = createHarness({ config: one })
    await expect(harness.reloader.reload()).rejects.toMatchObject({ code: 'reloader.not-started' })
    await harness.reloader.start()
    harness.modules.a.script('prepare', 'heed')
    harness.source.put(configOf({ a: 2 }))
    await harness.advance(1)
    const waiting = harness.reloader.reload()
    const refused = expect(waiting).rejects.toMatchObject({ code: 'reloader.closed' })
    const closed = harness.reloader.close()
    await harness.advance(1)
    await closed
    await refused
    await expect(harness.reloader.reload()).rejects.toMatchObject({ code: 'reloader.closed' })
    expect(harness.records.map(({ outcome }) => outcome)).toEqual(['committed', 'aborted'])
  })

  it('G17 that is overtaken by the close while it reads resolves as aborted', async () => {
    const harness = await startHarness({ config: one })
    harness.source.hangReads({ deaf: true })
    const asked = harness.reloader.reload()
    await harness.advance(1)
    const closed = harness.reloader.close()
    await harness.advance(1)
    await closed
    expect(await asked).toMatchObject({ outcome: 'aborted', trigger: 'reload' })
    expect(harness.reloader.status().counters).toMatchObject({ committed: 1, aborted: 1 })
  })
})

describe('G17 A record', () => {
  it('G17 reaches every consumer once, in order, even a slow one, and each consumer ends with the close', async () => {
    const harness = await startHarness({ config: one })
    const slow = harness.reloader.transactions()
    const left = harness.reloader.transactions()
    await left.return?.()
    for (let value = 2; value <= 10; value++) await harness.put(configOf({ a: value }), PACED_MS)
    const closed = harness.reloader.close()
    await harness.advance(1)
    await closed
    const taken: TransactionRecord[] = []
    for await (const record of slow) taken.push(record)
    expect(taken).toEqual(harness.records.slice(1))
    expect([await left.next(), await harness.reloader.transactions().next()]).toEqual([
      { value: undefined, done: true },
      { value: undefined, done: true },
    ])
  })

  it('G17 is frozen, and names every module that takes part, with its phases', async () => {
    const harness = await startHarness({ config: configOf({ a: 1, b: 1, k: 1 }) })
    harness.modules.b.script('commit', 'throw')
    const record = await harness.put(configOf({ a: 2, b: 2, k: 2 }))
    expect(Object.isFrozen(record)).toBe(true)
    const phases = record.modules.map(
      ({ module, phases: of }) => `${module}: ${of.map(({ phase, result }) => `${phase} ${result}`).join(', ')}`,
    )
    expect([record.outcome, phases]).toEqual([
      'rolled-back',
      ['a: prepare done, commit done', 'b: prepare done, commit failed', 'k: '],
    ])
  })
})
