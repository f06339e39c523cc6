import { describe, expect, expectTypeOf, it, vi } from 'vitest'
import type { Applier, InlineApplier } from '../../src/api/applier.ts'
import { timer, type Ticker, type TimerOptions, type TimerRun } from '../../src/appliers/index.ts'
import { MAX_DELAY_MS, systemClock } from '../../src/api/clock.ts'
import { createVirtualClock } from '../../src/testing/fakes/virtual-clock.ts'
import { moduleHost } from './module-host.ts'

interface Slice {
  readonly intervalMs: number
  readonly name?: string
}

/** Sets up a timer with a virtual clock. `log` has the name of the slice and the time of every run. */
const setUp = (options: TimerOptions = {}) => {
  const clock = createVirtualClock()
  const log: string[] = []
  const task = ({ slice }: TimerRun<Slice>): string => {
    const entry = `${slice.name ?? 'run'}@${clock.monotonic()}`
    log.push(entry)
    return entry
  }
  return { clock, log, host: moduleHost(timer(task, options), { clock }) }
}

/** A task whose runs the test ends. */
const slowTask = () => {
  const runs: {
    readonly signal: AbortSignal
    readonly end: (result: string) => void
    readonly fail: (error: Error) => void
  }[] = []
  const task = ({ signal }: TimerRun<Slice>): Promise<string> =>
    new Promise((end, fail) => {
      runs.push({ signal, end, fail })
    })
  return { runs, task }
}

describe('timer', () => {
  it('ticks at each interval from the commit on, not from the prepare', async () => {
    const { clock, log, host } = setUp()
    const next = await host.prepare({ intervalMs: 100 })
    await clock.advance(250)
    expect(log).toEqual([])
    host.commit(next)
    await clock.advance(350)
    expect(log).toEqual(['run@350', 'run@450', 'run@550'])
    await host.end()
    expect(clock.pending()).toBe(0)
  })

  it('shows the last result and when it arrived', async () => {
    const { clock, host } = setUp()
    await host.replace({ intervalMs: 100 })
    expect(host.current.last).toBeUndefined()
    expect(host.current.lastAt).toBeUndefined()
    const start = clock.now()
    await clock.advance(150)
    expect(host.current.last).toBe('run@100')
    expect(host.current.lastAt).toBe(start + 100)
  })

  it.each([0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, MAX_DELAY_MS + 1])(
    'rejects an interval of %d',
    async (intervalMs) => {
      const { host, clock } = setUp()
      await expect(host.prepare({ intervalMs })).rejects.toThrow(RangeError)
      expect(clock.pending()).toBe(0)
    },
  )

  it('accepts the longest interval that a timer can hold', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: MAX_DELAY_MS })
    await clock.advance(MAX_DELAY_MS - 1)
    expect(log).toEqual([])
    await clock.advance(1)
    expect(log).toHaveLength(1)
  })

  it('ticks only once per interval if the clock fires early, as Node may', async () => {
    const clock = createVirtualClock()
    const task = vi.fn()
    const early = { ...clock, setTimeout: (callback: () => void, ms: number) => clock.setTimeout(callback, ms - 1) }
    await moduleHost(timer(task), { clock: early }).replace({ intervalMs: 100 })
    await clock.advance(1_050)
    expect(task).toHaveBeenCalledTimes(10)
  })

  it.each([0, Number.NaN, MAX_DELAY_MS + 1])('refuses a deadline of %d', (deadlineMs) => {
    expect(() => timer(() => undefined, { deadlineMs })).toThrow('reloader.invalid-option')
  })
})

describe('timer during a change', () => {
  it('keeps the phase: the next tick is due one new interval after the last tick', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'old' })
    await clock.advance(120)
    await host.replace({ intervalMs: 50, name: 'new' })
    await clock.advance(100)
    expect(log).toEqual(['old@100', 'new@150', 'new@200'])
  })

  it('ticks at once if that has passed, and continues from there', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 1_000, name: 'old' })
    await clock.advance(1_700)
    await host.replace({ intervalMs: 100, name: 'new' })
    await clock.advance(210)
    expect(log.slice(0, 2)).toEqual(['old@1000', 'new@1701'])
    expect(log.slice(2)).toEqual(['new@1800', 'new@1900'])
  })

  it('still ticks if changes come faster than its ticks', async () => {
    const { clock, log, host } = setUp()
    for (let n = 0; n < 40; n++) {
      await host.replace({ intervalMs: 100 })
      await clock.advance(30)
    }
    expect(log).toEqual(Array.from({ length: 12 }, (_, n) => `run@${(n + 1) * 100}`))
  })

  it("restarts the phase with phase: 'restart'", async () => {
    const { clock, log, host } = setUp({ phase: 'restart' })
    await host.replace({ intervalMs: 100, name: 'old' })
    await clock.advance(120)
    await host.replace({ intervalMs: 50, name: 'new' })
    await clock.advance(110)
    expect(log).toEqual(['old@100', 'new@170', 'new@220'])
  })

  it.each([
    ['just before', 150, ['old@100', 'old@200', 'new@300']],
    ['just after', 0, ['old@100', 'new@201', 'new@300']],
  ])('neither loses nor doubles a tick that is due %s the commit', async (_, armedAt, expected) => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'old' })
    const next = await host.prepare({ intervalMs: 100, name: 'new' })
    await clock.advance(armedAt)
    // If two timers are due at the same time, the one armed first fires first. The old generation armed its own at 100.
    clock.setTimeout(() => void host.close(host.commit(next)), 200 - armedAt)
    await clock.advance(350 - armedAt)
    expect(log).toEqual(expected)
  })

  it('lets only the new generation tick during the soak', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'old' })
    const next = await host.prepare({ intervalMs: 100, name: 'new' })
    const before = host.commit(next)
    await clock.advance(350)
    expect(log).toEqual(['new@100', 'new@200', 'new@300'])
    await host.close(before)
    await clock.advance(100)
    expect(log.slice(3)).toEqual(['new@400'])
    await host.end()
    expect(clock.pending()).toBe(0)
  })

  it('continues with the phase of the old generation after a rollback', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'old' })
    await clock.advance(150)
    const next = await host.prepare({ intervalMs: 30, name: 'new' })
    const before = host.commit(next)
    await clock.advance(101) // 150 to 251: at once, then every 30
    host.rollback(next, before)
    expect(clock.pending()).toBe(1)
    await host.close(next)
    await clock.advance(160)
    expect(log).toEqual(['old@100', 'new@151', 'new@180', 'new@210', 'new@240', 'old@300', 'old@400'])
    await host.end()
    expect(clock.pending()).toBe(0)
  })

  it('keeps the phase of the serving generation after a rollback, not of the one that was rolled back', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'a' })
    await clock.advance(110)
    const failed = await host.prepare({ intervalMs: 45, name: 'b' })
    const before = host.commit(failed)
    await clock.advance(50) // b@145
    host.rollback(failed, before)
    await host.close(failed)
    await host.replace({ intervalMs: 100, name: 'c' })
    await clock.advance(100)
    expect(log).toEqual(['a@100', 'b@145', 'c@200'])
  })

  it('starts again after it was switched off', async () => {
    const { clock, log, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'old' })
    await clock.advance(100)
    const off = host.commit(undefined) // not closed yet: a lease may hold it
    await clock.advance(1_050)
    await host.replace({ intervalMs: 100, name: 'new' })
    expect(host.current.last).toBeUndefined()
    await clock.advance(100)
    await host.close(off)
    expect(log).toEqual(['old@100', 'new@1250'])
  })

  it('serves the last result of the old generation until the new one has its own, and again after a rollback', async () => {
    const { clock, host } = setUp()
    await host.replace({ intervalMs: 100, name: 'old' })
    await clock.advance(100)
    const next = await host.prepare({ intervalMs: 100, name: 'new' })
    const before = host.commit(next)
    expect(host.current.last).toBe('old@100')
    await clock.advance(100)
    expect(host.current.last).toBe('new@200')
    host.rollback(next, before)
    expect(host.current.last).toBe('old@100')
  })
})

describe('timer with warm', () => {
  it('runs the task during prepare with the new slice and the staged needs, and serves its result from the commit on', async () => {
    const clock = createVirtualClock()
    const task = async ({ slice, needs }: TimerRun<Slice, { pool: string }>) => `${slice.name}+${needs.pool}`
    const host = moduleHost(timer(task, { warm: true }), { clock, needs: { pool: 'staged' } })
    const first = await host.prepare({ intervalMs: 100, name: 'a' })
    expect(first.generation.instance.last).toBe('a+staged')
    host.commit(first)
    const second = await host.prepare({ intervalMs: 100, name: 'b' })
    expect(host.current.last).toBe('a+staged')
    host.commit(second)
    expect(host.current.last).toBe('b+staged')
  })

  it('rejects the config if the task fails, arms nothing and reports nothing', async () => {
    const clock = createVirtualClock()
    const host = moduleHost(
      timer(() => Promise.reject(new Error('no table')), { warm: true }),
      { clock },
    )
    await expect(host.prepare({ intervalMs: 100 })).rejects.toThrow('no table')
    expect(host.reports).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  it('passes the signal of the prepare to the task', async () => {
    const { runs, task } = slowTask()
    const host = moduleHost(timer(task, { warm: true }), { clock: createVirtualClock() })
    const abandoned = new AbortController()
    const prepared = host.prepare({ intervalMs: 100 }, abandoned.signal)
    abandoned.abort()
    expect(runs[0]?.signal.aborted).toBe(true)
    runs[0]?.fail(new Error('abandoned'))
    await expect(prepared).rejects.toThrow('abandoned')
  })

  it('keeps the phase, since the run of the prepare is not a tick', async () => {
    const { clock, log, host } = setUp({ warm: true })
    await host.replace({ intervalMs: 100 })
    await clock.advance(170)
    await host.replace({ intervalMs: 100 })
    await clock.advance(50)
    expect(log).toEqual(['run@0', 'run@100', 'run@170', 'run@200'])
  })
})

describe('The runs of a timer', () => {
  it('never overlap: a tick that comes due during a run is skipped, and the phase stays', async () => {
    const clock = createVirtualClock()
    const { runs, task } = slowTask()
    const host = moduleHost(timer(task), { clock })
    await host.replace({ intervalMs: 100 })
    await clock.advance(350)
    expect(runs).toHaveLength(1)
    runs[0]?.end('done')
    await clock.advance(49)
    expect(runs).toHaveLength(1)
    await clock.advance(1)
    expect(runs).toHaveLength(2)
    expect(host.current.last).toBe('done')
  })

  it.each([
    [
      'throws',
      () => {
        throw new Error('task')
      },
    ],
    ['rejects', () => Promise.reject(new Error('task'))],
  ])('continue after a task that %s, and report every error once', async (_, task) => {
    const clock = createVirtualClock()
    const host = moduleHost(timer(task), { clock })
    await host.replace({ intervalMs: 100 })
    await clock.advance(350)
    expect(host.reports).toEqual([new Error('task'), new Error('task'), new Error('task')])
  })

  it('abort at the deadline with one report, and the next tick waits until the run has settled', async () => {
    const clock = createVirtualClock()
    const { runs, task } = slowTask()
    const host = moduleHost(timer(task, { deadlineMs: 250 }), { clock })
    await host.replace({ intervalMs: 100 })
    await clock.advance(349)
    expect(runs[0]?.signal.aborted).toBe(false)
    await clock.advance(301)
    expect(runs[0]?.signal.reason).toMatchObject({ name: 'TimeoutError' })
    expect(runs).toHaveLength(1)
    runs[0]?.fail(new Error('aborted'))
    await clock.advance(50)
    expect(runs).toHaveLength(2)
    expect(host.reports).toMatchObject([{ name: 'TimeoutError' }])
  })

  it('can be requested: a request during a run joins it, and so does a tick', async () => {
    const clock = createVirtualClock()
    const { runs, task } = slowTask()
    const host = moduleHost(timer(task), { clock })
    await host.replace({ intervalMs: 100 })
    await clock.advance(50)
    const asked = [host.current.runNow(), host.current.runNow()]
    await clock.advance(60)
    expect(runs).toHaveLength(1)
    runs[0]?.end('joined')
    expect(await Promise.all(asked)).toEqual(['joined', 'joined'])
    await clock.advance(90)
    expect(runs).toHaveLength(2)
  })

  it('reject and report if they were requested, and their promise may be ignored', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    const host = moduleHost(
      timer(() => Promise.reject(new Error('task'))),
      { clock: createVirtualClock() },
    )
    await host.replace({ intervalMs: 100 })
    const { current } = host
    void current.runNow()
    await expect(current.runNow()).rejects.toThrow('task')
    await host.end()
    void current.runNow()
    await expect(current.runNow()).rejects.toThrow('closed')
    await new Promise((resolve) => setTimeout(resolve, 1))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
    expect(host.reports).toEqual([new Error('task')])
  })

  it('are aborted by close, which waits for their end, reports nothing and leaves no timer', async () => {
    const clock = createVirtualClock()
    const { runs, task } = slowTask()
    const host = moduleHost(timer(task), { clock })
    await host.replace({ intervalMs: 100 })
    await clock.advance(100)
    const closed = vi.fn()
    const closing = host.end().then(closed)
    await clock.advance(10)
    expect(runs[0]?.signal.reason).toMatchObject({ name: 'AbortError' })
    expect(closed).not.toHaveBeenCalled()
    runs[0]?.fail(new Error('aborted'))
    await closing
    await clock.advance(1_000)
    expect(runs).toHaveLength(1)
    expect(host.reports).toEqual([])
    expect(clock.pending()).toBe(0)
  })

  it('continue during a change, and give their result to the old generation', async () => {
    const clock = createVirtualClock()
    const { runs, task } = slowTask()
    const host = moduleHost(timer(task), { clock })
    await host.replace({ intervalMs: 100 })
    await clock.advance(100)
    const old = host.current
    const next = await host.prepare({ intervalMs: 100 })
    const before = host.commit(next)
    expect(runs[0]?.signal.aborted).toBe(false)
    runs[0]?.end('old')
    await clock.advance(0)
    expect([old.last, host.current.last]).toEqual(['old', undefined])
    host.rollback(next, before)
    await clock.advance(100)
    expect(runs).toHaveLength(2)
  })
})

describe('The handles of a timer', () => {
  const spyClock = () => {
    const unref = vi.fn()
    const clock = { ...systemClock, setTimeout: () => ({ unref }), clearTimeout: () => undefined }
    return { clock, unref }
  }

  it('are unreferenced by default, and referenced with unref: false', async () => {
    const free = spyClock()
    await moduleHost(
      timer(() => undefined),
      { clock: free.clock },
    ).replace({ intervalMs: 100 })
    expect(free.unref).toHaveBeenCalledTimes(1)
    const held = spyClock()
    await moduleHost(
      timer(() => undefined, { unref: false }),
      { clock: held.clock },
    ).replace({ intervalMs: 100 })
    expect(held.unref).not.toHaveBeenCalled()
  })
})

it('timer infers its slice, result and needs from its task', () => {
  const task = async (_: TimerRun<Slice, { pool: string }>): Promise<number> => 1
  expectTypeOf(timer(task)).toEqualTypeOf<InlineApplier<Slice, Ticker<number>, { pool: string }>>()
  expectTypeOf(timer(task, { warm: true })).toEqualTypeOf<
    InlineApplier<Slice, Ticker<number, never>, { pool: string }>
  >()
  expectTypeOf<Ticker<number>['last']>().toEqualTypeOf<number | undefined>()
  expectTypeOf<Ticker<number, never>['last']>().toEqualTypeOf<number>()
  expectTypeOf(timer(() => 'text')).toExtend<Applier<{ readonly intervalMs: number }, Ticker<string>>>()
})
