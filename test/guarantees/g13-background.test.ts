import { type Applier, createReloader, defineApplier, type Failure, type PrepareContext, type Source } from 'changeover'
import { resource, timer } from 'changeover/appliers'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { misdeeds } from './misdeeds.ts'

const Config = z.strictObject({ n: z.number(), intervalMs: z.number() })
type Slice = z.infer<typeof Config>

const fail = (): never => {
  throw new Error('scripted')
}
const reject = async (): Promise<void> => fail()

/** Listens badly until the signal aborts. */
const listen = (signal: AbortSignal): Promise<void> => {
  signal.addEventListener('abort', fail)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve()))
}

interface Parts {
  readonly source?: Partial<Source>
  readonly check?: (config: unknown, signal: AbortSignal) => Promise<void>
}

/** Runs a service with one module for a while, and returns what was reported of work in the background. */
const play = async (applier: Applier<Slice, unknown> | ReturnType<typeof defineApplier<Slice>>, parts: Parts = {}) => {
  const clock = createVirtualClock()
  const memory = memorySource({ n: 1, intervalMs: 100 })
  const reported: Failure[] = []
  const ignore = (): void => {}
  const reloader = createReloader({
    source: { ...memory, ...parts.source },
    schema: Config,
    clock,
    logger: {
      debug: ignore,
      info: ignore,
      warn: (data) => void reported.push((data as { changeover: Failure }).changeover),
      error: ignore,
    },
    deadlines: { prepareMs: 10, applyMs: 10, checkMs: 10, readMs: 10, graceMs: 5 },
    soak: { durationMs: 20, intervalMs: 5, checks: parts.check === undefined ? [] : [parts.check] },
  }).use('main', (config) => config, applier as Applier<Slice, unknown>)
  const started = reloader.start({ deadlineMs: 5_000 }).catch(ignore)
  await clock.advance(1_000)
  memory.put({ n: 2, intervalMs: 100 })
  await clock.advance(5_000)
  const closed = reloader.close()
  await clock.advance(60_000)
  await Promise.all([started, closed])
  return reported.filter(({ code, cause }) => cause?.name === 'Error' && /background|listener/.test(code))
}

const prepared = (prepare: (context: PrepareContext<Slice>) => Promise<void> | void): Applier<Slice, unknown> => ({
  prepare: async (_, context) => {
    await prepare(context)
    return { instance: 1 }
  },
})

const rearm = ({ clock, defer }: PrepareContext<Slice>): void => {
  defer(ignoreTicks)
  let left = 3
  const tick = (): void => {
    if (left-- > 0) clock.setTimeout(tick, 10)
    fail()
  }
  clock.setTimeout(tick, 1)
}
const ignoreTicks = (): void => {}

const ofModule: Readonly<Record<string, () => Parameters<typeof play>[0]>> = {
  'a timer of prepare': () => prepared(({ clock }) => void clock.setTimeout(fail, 1)),
  'an async timer of prepare': () => prepared(({ clock }) => void clock.setTimeout(reject as () => void, 1)),
  'a timer that arms itself again': () => prepared(rearm),
  'a timer of apply': () => defineApplier<Slice>({ apply: (_, __, { clock }) => void clock.setTimeout(fail, 1) }),
  'a listener on the signal of prepare': () => prepared(({ signal }) => listen(signal)),
  'a listener on the signal of check': () => ({ prepare: () => ({ instance: 1, check: listen }) }),
  'a listener on the signal of apply': () => defineApplier<Slice>({ apply: (_, __, { signal }) => listen(signal) }),
  'a listener on the signal of open': () =>
    resource({ open: (_: Slice, { signal }) => listen(signal), close: () => {} }),
  'a listener on the signal of close': () =>
    resource({ open: (slice: Slice) => slice, close: (_, signal) => listen(signal), drainMs: 10 }),
  'a listener on the signal of a task of timer': () =>
    timer<Slice, void>(({ signal }) => listen(signal), { deadlineMs: 10 }),
}

describe('G13 Work in the background', () => {
  it.each(Object.keys(ofModule))('G13 is reported with its module if %s fails', async (name) => {
    const reported = await play(ofModule[name]?.() ?? prepared(() => {}))
    expect(reported.length).toBeGreaterThan(0)
    for (const one of reported) expect(one).toMatchObject({ code: 'module.background-failed', module: 'main' })
  })

  it('G13 is reported if a listener on the signal of a health check fails', async () => {
    const reported = await play(
      prepared(() => {}),
      { check: (_, signal) => listen(signal) },
    )
    expect(reported[0]).toMatchObject({ code: 'listener.failed', phase: 'check' })
  })

  it('G13 is reported if a listener on a signal of the source fails', async () => {
    const memory = memorySource({ n: 1, intervalMs: 100 })
    const watch: Source['watch'] = (after, signal) => {
      signal.addEventListener('abort', fail)
      return memory.watch(after, signal)
    }
    const reported = await play(
      prepared(() => {}),
      { source: { watch } },
    )
    expect(reported[0]).toMatchObject({ code: 'listener.failed', phase: 'fetching' })
  })

  it.each(Object.keys(misdeeds))('G13 can report whatever user code %s', async (name) => {
    const misdeed = misdeeds[name] ?? fail
    const reports = prepared(async ({ report }) => {
      try {
        report(await misdeed())
      } catch (error) {
        report(error)
      }
    })
    const clock = createVirtualClock()
    const reloader = createReloader({ source: memorySource({ n: 1, intervalMs: 1 }), schema: Config, clock }).use(
      'main',
      (config) => config,
      reports,
    )
    await reloader.start()
    expect(reloader.status().counters.reported).toBe(1)
    await reloader.close()
  })
})
