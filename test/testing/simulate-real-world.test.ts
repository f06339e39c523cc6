import { setTimeout as sleep } from 'node:timers/promises'
import { type Applier, defineApplier, type Reloader } from 'changeover'
import { timer } from 'changeover/appliers'
import { replay, scenario, SimulationError, type Subject } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { Config, documentOf, subjectOf } from './simulate-subject.ts'

type Slice = Config['db']

/** It ends in real time only: long after the test. */
const realWait = (): Promise<void> => sleep(100_000, undefined, { ref: false })

const appliers: Readonly<Record<string, () => Applier<Slice, Slice>>> = {
  prepare: () => ({ prepare: (slice) => realWait().then(() => ({ instance: slice })) }),
  check: () => ({ prepare: (slice) => ({ instance: slice, check: realWait }) }),
  close: () => ({ prepare: (slice) => ({ instance: slice, close: realWait }) }),
}

const change = () =>
  scenario('a change').start(documentOf(1)).soak(300).pause(5_000).put(documentOf(2)).last(documentOf(3))

const codeOf = async (subject: Subject<Config>): Promise<string> => {
  const error: unknown = await replay(change().build(), subject).catch((thrown: unknown) => thrown)
  if (!(error instanceof SimulationError)) throw new Error('it held')
  expect(error.code).toBe('simulate.no-progress')
  return error.message.split('\n')[0] ?? ''
}

describe('What waits for the real world is named', () => {
  it.each(Object.entries(appliers))('where it is a module in %s', async (phase, applier) => {
    expect(await codeOf(subjectOf(applier))).toContain(`module db, in ${phase}, waits for the real world`)
  })

  it('where it is a compensating module', async () => {
    const modules = (reloader: Reloader<Config>) =>
      reloader.use('flags', (c) => c.db, defineApplier<Slice>({ apply: realWait }))
    expect(await codeOf({ schema: Config, modules })).toContain('module flags, in apply,')
  })

  it('where it is the schema', async () => {
    const schema = Config.refine(async () => realWait().then(() => true))
    expect(await codeOf({ ...subjectOf(), schema })).toContain('the schema, in validate,')
  })

  it('also beside a module whose timer always runs', async () => {
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
    expect(await codeOf({ schema: Config, modules })).toContain('module db, in prepare,')
  })
})

describe('What waits for virtual time', () => {
  it('goes on, by the reloader’s clock and by virtual globals', async () => {
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

  it('may take too long for its deadline, which is no want of progress', async () => {
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

  it('may be refused by a module itself, which is no lost change; but what is published last must serve', async () => {
    const picky = subjectOf(() => ({
      prepare: (slice) => {
        if (slice.value === 2 || slice.value === 9) throw new Error('not this one')
        return { instance: slice }
      },
    }))
    const { outcomes } = await change().run(picky)
    expect(outcomes['rolled-back']).toBeGreaterThan(0)
    const error: unknown = await change()
      .last(documentOf(9))
      .run(picky)
      .expectHeld()
      .catch((thrown: unknown) => thrown)
    expect(String(error)).toContain('the last document does not serve: rolled-back by module.prepare-failed (db)')
    const none: unknown = await change()
      .last({})
      .run(picky)
      .expectHeld()
      .catch((thrown: unknown) => thrown)
    expect(String(none)).toContain('the last document does not serve: rejected by schema.invalid')
  })

  it('may be a compensating module’s own timer', async () => {
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
