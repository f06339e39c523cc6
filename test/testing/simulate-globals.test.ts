import timers from 'node:timers'
import timersPromises, { scheduler, setInterval as ticks, setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { replay, scenario } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { documentOf, simulationErrorOf, subjectOf } from './simulate-fixtures.ts'

/** Lists everything that virtual globals replace. */
const currentGlobals = () => [
  ...Object.entries(Object.getOwnPropertyDescriptors(globalThis)).filter(([name]) =>
    /Timeout|Interval|Immediate|Date/.test(name),
  ),
  ...Object.entries(Object.getOwnPropertyDescriptors(timers)).filter(([, { value }]) => value !== undefined),
  ...Object.entries(Object.getOwnPropertyDescriptors(timersPromises)),
  ['now', Object.getOwnPropertyDescriptor(performance, 'now')],
  ['timeout', Object.getOwnPropertyDescriptor(AbortSignal, 'timeout')],
  ['wait', Object.getOwnPropertyDescriptor(scheduler, 'wait')],
  ['import', sleep],
]

const change = () => scenario('a change').start(documentOf(1)).last(documentOf(2))

/** Plays a change whose database opens like this, and returns how much virtual time that took, in milliseconds. */
const openingMs = async (open: () => Promise<void>): Promise<number> => {
  let elapsed = -1
  const subject = subjectOf(
    () => ({
      prepare: async (slice) => {
        const started = performance.now()
        await open()
        elapsed = performance.now() - started
        return { instance: slice }
      },
    }),
    { globals: 'virtual' },
  )
  await change().run(subject)
  return elapsed
}

const once = (arm: (done: () => void) => unknown): Promise<void> => new Promise((resolve) => arm(resolve))

describe('Virtual globals', () => {
  it.each(['setTimeout', 'setInterval'] as const)('find a global %s that is kept after the close', async (kind) => {
    const start = (): void => {
      if (kind === 'setInterval') setInterval(() => {}, 1_000)
      else setTimeout(start, 1_000)
    }
    const subject = subjectOf(
      () => ({
        prepare: (slice) => {
          start()
          return { instance: slice, close: async () => {} }
        },
      }),
      { globals: 'virtual' },
    )
    const error = await simulationErrorOf(change().run(subject))
    expect(error.violations[0]).toMatchObject({ invariant: 'timers' })
  })

  const ways: readonly (readonly [string, number, () => Promise<void>])[] = [
    ['setTimeout', 300, () => once((done) => setTimeout(done, 300))],
    ['setTimeout of node:timers', 300, () => once((done) => timers.setTimeout(done, 300))],
    [
      'setInterval',
      300,
      () =>
        once((done) => {
          const timer = setInterval(() => {
            clearInterval(timer)
            done()
          }, 300)
        }),
    ],
    ['setImmediate', 1, () => once((done) => setImmediate(done))],
    ['setTimeout of node:timers/promises, imported', 300, () => sleep(300)],
    ['setTimeout of node:timers/promises, through its default export', 300, () => timersPromises.setTimeout(300)],
    [
      'setInterval of node:timers/promises',
      300,
      async () => {
        let left = 3
        for await (const _ of ticks(100)) if (--left === 0) break
      },
    ],
    ['scheduler.wait', 300, () => scheduler.wait(300)],
    ['promisify(setTimeout)', 300, () => promisify(setTimeout)(300)],
    ['AbortSignal.timeout', 300, () => once((done) => AbortSignal.timeout(300).addEventListener('abort', done))],
    ['an unref’d timer', 300, () => once((done) => setTimeout(done, 300).unref())],
    [
      'a refreshed timer',
      500,
      () =>
        once((done) => {
          const timer = setTimeout(done, 300)
          setTimeout(() => timer.refresh(), 200)
        }),
    ],
  ]

  it.each(ways)('let virtual time pass in %s (%s ms)', async (_, ms, open) => {
    expect(await openingMs(open)).toBe(ms)
  })

  it('return the virtual time from every function that returns a time', async () => {
    const times: unknown[] = []
    const now = Date.UTC(2030, 0, 1)
    await openingMs(async () => {
      const date = new Date()
      times.push(Date.now(), date.getTime(), new Date(5).getTime(), date instanceof Date, Date().includes('2030'))
      times.push(new Date(2_000, 0).getFullYear(), Date.UTC(1970, 0, 1))
    })
    expect(times.slice(0, 7)).toEqual([now, now, 5, true, true, 2_000, 0])
  })

  it('reject with the same errors as Node’s own functions', async () => {
    const controller = new AbortController()
    const errors: unknown[] = []
    await openingMs(async () => {
      const collect = (error: unknown): void => {
        errors.push(error)
      }
      const waiting = sleep(300, undefined, { signal: controller.signal }).catch(collect)
      controller.abort(new Error('enough'))
      await waiting
      await sleep(1, undefined, { signal: controller.signal }).catch(collect)
    }).catch(() => {})
    const real = await sleep(1, undefined, { signal: AbortSignal.abort(new Error('enough')) }).catch((error) => error)
    for (const error of errors.slice(0, 2)) {
      expect(error).toMatchObject({ name: real.name, code: real.code, message: real.message, cause: real.cause })
    }
    expect(errors.length).toBeGreaterThanOrEqual(2)
  })

  it('are restored, even if the run throws', async () => {
    const before = currentGlobals()
    await openingMs(() => sleep(10))
    expect(currentGlobals()).toEqual(before)
    const modules = () => {
      throw new Error('no modules')
    }
    await expect(replay(change().build(), { ...subjectOf(), modules, globals: 'virtual' })).rejects.toThrow(
      'no modules',
    )
    expect(currentGlobals()).toEqual(before)
    await expect(openingMs(() => new Promise(() => {}))).rejects.toThrow('simulate.no-progress')
    expect(currentGlobals()).toEqual(before)
  })

  it('clear a timer that was armed before the simulation', async () => {
    const armed = setTimeout(() => {}, 600_000)
    await openingMs(async () => clearTimeout(armed))
    // Node's own flag, because the test must not wait to see whether the timer fires.
    expect(armed).toHaveProperty('_destroyed', true)
  })
})
