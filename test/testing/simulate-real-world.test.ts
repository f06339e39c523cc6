import { setTimeout as sleep } from 'node:timers/promises'
import { type Applier, defineApplier, type Reloader } from 'changeover'
import { timer } from 'changeover/appliers'
import { replay, scenario, type Subject } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { Config, documentOf, type Slice, simulationErrorOf, subjectOf } from './simulate-fixtures.ts'

/** Ends only in real time, long after the test. */
const realWait = (): Promise<void> => sleep(100_000, undefined, { ref: false })

const appliers: Readonly<Record<string, () => Applier<Slice, Slice>>> = {
  prepare: () => ({ prepare: (slice) => realWait().then(() => ({ instance: slice })) }),
  check: () => ({ prepare: (slice) => ({ instance: slice, check: realWait }) }),
  close: () => ({ prepare: (slice) => ({ instance: slice, close: realWait }) }),
}

const change = () =>
  scenario('a change').start(documentOf(1)).soak(300).pause(5_000).put(documentOf(2)).last(documentOf(3))

/** Returns the first line of the error that no progress was made. */
const noProgressOf = async (subject: Subject<Config>): Promise<string> => {
  const error = await simulationErrorOf(replay(change().build(), subject))
  expect(error.code).toBe('simulate.no-progress')
  return error.message.split('\n')[0] ?? ''
}

describe('A call that waits for the real world', () => {
  it.each(Object.entries(appliers))('is named if it is a call of a module: %s', async (phase, applier) => {
    expect(await noProgressOf(subjectOf(applier))).toContain(`module db, in ${phase}, waits for the real world`)
  })

  it('is named if it is a call of a compensating module', async () => {
    const modules = (reloader: Reloader<Config>) =>
      reloader.use('flags', (c) => c.db, defineApplier<Slice>({ apply: realWait }))
    expect(await noProgressOf({ schema: Config, modules })).toContain('module flags, in apply,')
  })

  it('is named if it is a call of the schema', async () => {
    const schema = Config.refine(async () => realWait().then(() => true))
    expect(await noProgressOf({ ...subjectOf(), schema })).toContain('the schema, in validate,')
  })

  it('is named even if the timer of another module always runs', async () => {
    const waiting: Applier<Slice, Slice> = {
      prepare: async (slice) => {
        if (slice.value === 2) await realWait()
        return { instance: slice }
      },
    }
    const tick = timer(() => {})
    const modules = (reloader: Reloader<Config>) =>
      reloader
        .use('tick', ({ log }) => ({ intervalMs: 100 + log.value }), tick)
        .use('db', (c) => c.db, waiting, { after: ['tick'] })
    expect(await noProgressOf({ schema: Config, modules })).toContain('module db, in prepare,')
  })
})

describe('A call that waits for virtual time', () => {
  it('ends, both with the reloader’s clock and with virtual globals', async () => {
    const byClock = subjectOf(() => ({
      prepare: async (slice, { clock }) => {
        await new Promise<void>((resolve) => clock.setTimeout(resolve, 500))
        return { instance: slice }
      },
    }))
    const byGlobals = subjectOf(
      () => ({
        prepare: async (slice) => {
          await sleep(500)
          return { instance: slice }
        },
      }),
      { globals: 'virtual' },
    )
    for (const subject of [byClock, byGlobals]) {
      const result = await change().run(subject).expectServing(documentOf(2))
      expect(result.trace.some(({ at }) => at === 500)).toBe(true)
    }
  })

  it('may exceed its deadline, which does not count as a lack of progress', async () => {
    let left = 2
    const subject = subjectOf(() => ({
      prepare: async (slice, { clock }) => {
        if (left-- === 1) await new Promise<void>((resolve) => clock.setTimeout(resolve, 3_000))
        return { instance: slice }
      },
    }))
    const { outcomes } = await change().run(subject)
    expect(outcomes['rolled-back']).toBe(1)
  })

  it('may reject a document, which is not lost then; but the last document must serve', async () => {
    const selective = subjectOf(() => ({
      prepare: (slice) => {
        if (slice.value === 2 || slice.value === 9) throw new Error('the value is refused')
        return { instance: slice }
      },
    }))
    const { outcomes } = await change().run(selective)
    expect(outcomes['rolled-back']).toBeGreaterThan(0)
    const refused = await simulationErrorOf(change().last(documentOf(9)).run(selective))
    expect(refused.message).toContain('the last document does not serve: rolled-back by module.prepare-failed (db)')
    const invalid = await simulationErrorOf(change().last({}).run(selective))
    expect(invalid.message).toContain('the last document does not serve: rejected by schema.invalid')
  })

  it('may belong to a compensating module', async () => {
    let left = 2
    const modules = (reloader: Reloader<Config>) =>
      reloader.use(
        'flags',
        (c) => c.db,
        defineApplier<Slice>({
          apply: (_, __, { clock }) => new Promise((resolve) => clock.setTimeout(resolve, left-- === 1 ? 3_000 : 20)),
        }),
      )
    const { outcomes } = await change().run({ schema: Config, modules })
    expect((outcomes['rolled-back'] ?? 0) + (outcomes.degraded ?? 0)).toBeGreaterThan(0)
  })
})
