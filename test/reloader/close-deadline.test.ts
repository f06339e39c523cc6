import { createReloader, defineApplier, type Failure, type GoodStore, type ReloaderOptions } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'

const Config = z.looseObject({ n: z.number() })
type Config = z.infer<typeof Config>

const never = (): Promise<never> => new Promise(() => {})

interface Hangs {
  readonly prepare?: boolean
  readonly close?: boolean
  readonly apply?: 'forward' | 'back' | 'close'
  readonly check?: boolean
  readonly source?: boolean
  readonly load?: boolean
}

/** A reloader of three modules, one of which hangs in one place from the second config on. */
const createService = (hangs: Hangs, options: Partial<ReloaderOptions<Config>> = {}) => {
  const clock = createVirtualClock()
  const source = memorySource({ n: 1 })
  const failures: Failure[] = []
  const closed: string[] = []
  const note = (data: object): void => {
    const { changeover } = data as { changeover: Failure }
    failures.push(changeover)
  }
  const quiet = (): void => {}
  const closeOf = (name: string, isHung = false) => ({
    close: (): Promise<void> => {
      closed.push(name)
      return isHung ? never() : Promise.resolve()
    },
  })
  const reloader = createReloader<Config>({
    source: hangs.source === true ? { ...source, close: never } : source,
    schema: Config,
    clock,
    logger: { debug: quiet, info: quiet, warn: note, error: note },
    ...options,
  })
    .use('base', (config) => config.n, { prepare: (n: number) => ({ instance: n, ...closeOf('base') }) })
    .use(
      'hung',
      (config) => config.n,
      {
        prepare: (n: number) => {
          if (hangs.prepare === true && n > 1) return never()
          const check = hangs.check === true && n > 1 ? { check: never } : {}
          return { instance: n, ...check, ...closeOf('hung', hangs.close) }
        },
      },
      { after: ['base'] },
    )
    .use(
      'place',
      (config) => config.n,
      defineApplier<number>({
        apply: (n, _, { direction }) =>
          hangs.apply === direction && (n > 1 || direction === 'back') ? never() : undefined,
        close: () => {
          closed.push('place')
          return hangs.apply === 'close' ? never() : undefined
        },
      }),
      { after: ['hung'] },
    )
  const start = async () => {
    const started = reloader.start()
    await clock.advance(100)
    await started
  }
  const put = async (n: number) => {
    source.put({ n })
    await clock.advance(300)
  }
  /** Closes, and returns how long it took in virtual time. */
  const close = async (deadlineMs?: number): Promise<number> => {
    const begin = clock.monotonic()
    let end: number | undefined
    void reloader.close(deadlineMs === undefined ? {} : { deadlineMs }).then(() => {
      end = clock.monotonic()
    })
    for (let ms = 0; ms < 120_000 && end === undefined; ms += 100) await clock.advance(100)
    return (end ?? Number.POSITIVE_INFINITY) - begin
  }
  return { clock, reloader, failures, closed, start, put, close, codes: () => failures.map(({ code }) => code) }
}

const hungStore: GoodStore = { load: async () => undefined, save: never }

const cases: readonly {
  readonly what: string
  readonly hangs: Hangs
  readonly options?: Partial<ReloaderOptions<Config>>
}[] = [
  { what: 'the close of a module', hangs: { close: true } },
  { what: 'the close of a compensating module', hangs: { apply: 'close' } },
  { what: 'a prepare', hangs: { prepare: true } },
  { what: 'an apply', hangs: { apply: 'forward' } },
  {
    what: 'an undo',
    hangs: { apply: 'back', check: true },
    options: { soak: 60_000, deadlines: { checkMs: 200, graceMs: 0 } },
  },
  {
    what: 'a check of the soak',
    hangs: { check: true },
    options: { soak: 60_000, deadlines: { checkMs: 50_000, graceMs: 50_000 } },
  },
  { what: 'the source', hangs: { source: true } },
  {
    what: 'the store of the last known good',
    hangs: {},
    options: { lastKnownGood: hungStore, soak: 0, deadlines: { persistMs: 60_000 } },
  },
  {
    what: 'everything at once, with graces of a minute',
    hangs: { close: true, apply: 'close', source: true },
    options: { deadlines: { graceMs: 60_000, closeMs: 600_000, leaseMs: 600_000 } },
  },
]

describe('close()', () => {
  it.each(cases)(
    'ends within 25 s, calls the close of all modules, and says what hangs: $what',
    async ({ hangs, options }) => {
      const service = createService(hangs, options)
      if (options?.lastKnownGood === undefined) await service.start()
      else {
        void service.reloader.start().catch(() => {})
        await service.clock.advance(100)
      }
      await service.put(2)
      const before = service.failures.length
      expect(await service.close()).toBeLessThanOrEqual(25_000)
      // A module that changes in place is not called while its apply runs, and nothing was made without a store that answers.
      const expected = hangs.apply === 'forward' ? ['hung', 'base'] : ['place', 'hung', 'base']
      if (options?.lastKnownGood === undefined) expect(service.closed).toEqual(expect.arrayContaining(expected))
      const hung = service.failures.slice(before)
      if (hangs.close === true || hangs.apply === 'close' || hangs.source === true) {
        expect(hung.map(({ code }) => code)).toContain(hangs.source === true ? 'source.failed' : 'module.close-timeout')
      }
      await service.clock.advance(60_000)
      expect(service.clock.pending()).toBe(0)
    },
  )

  it.each(cases)('ends within the deadline that it is given: $what', async ({ hangs, options }) => {
    const service = createService(hangs, options)
    void service.reloader.start().catch(() => {})
    await service.clock.advance(100)
    await service.put(2)
    expect(await service.close(2_000)).toBeLessThanOrEqual(2_000)
  })

  it('names what has not ended if the time is over: 60 modules whose closes hang one after the other', async () => {
    const clock = createVirtualClock()
    const failures: Failure[] = []
    const note = (data: object): void => void failures.push((data as { changeover: Failure }).changeover)
    const logger = { debug: () => {}, info: () => {}, warn: note, error: note }
    let reloader = createReloader<Config>({
      source: memorySource({ n: 1 }),
      schema: Config,
      clock,
      logger,
    }) as never as {
      use: (...args: unknown[]) => typeof reloader
      start: () => Promise<void>
      close: (options?: object) => Promise<void>
    }
    for (let index = 0; index < 60; index++) {
      const after = index === 0 ? [] : [`m${index - 1}`]
      const prepare = (n: number) => ({ instance: n, close: never })
      reloader = reloader.use(`m${index}`, (config: Config) => config.n, { prepare }, { after })
    }
    const started = reloader.start()
    await clock.advance(100)
    await started
    let isClosed = false
    void reloader.close().then(() => {
      isClosed = true
    })
    await clock.advance(24_900)
    expect(isClosed).toBe(false)
    await clock.advance(100)
    expect(isClosed).toBe(true)
    const last = failures.find(({ code }) => code === 'reloader.close-timeout')
    expect(last).toMatchObject({ code: 'reloader.close-timeout', phase: 'close' })
    expect(last?.detail).toMatch(/^25000 ms; state closing; open: m0, m1, /)
  })

  it('leaves a module that closes slowly four fifths of the time', async () => {
    const clock = createVirtualClock()
    let isClosed = false
    const close = () =>
      new Promise<void>((resolve) => {
        clock.setTimeout(() => {
          isClosed = true
          resolve()
        }, 19_000)
      })
    const reloader = createReloader<Config>({ source: memorySource({ n: 1 }), schema: Config, clock }).use(
      'slow',
      (config) => config.n,
      { prepare: (n: number) => ({ instance: n, close }) },
    )
    const started = reloader.start()
    await clock.advance(0)
    await started
    const closing = reloader.close()
    await clock.advance(19_000)
    await closing
    expect([isClosed, reloader.status().modules.slow]).toMatchObject([true, { leaked: 0, live: 0 }])
  })

  it('is cut short by a later call with less time, and never made longer by one with more', async () => {
    const service = createService({ close: true })
    await service.start()
    const first = service.reloader.close({ deadlineMs: 600_000 })
    await service.clock.advance(1_000)
    const second = service.reloader.close({ deadlineMs: 2_000 })
    const third = service.reloader.close({ deadlineMs: 900_000 })
    await service.clock.advance(2_000)
    await Promise.all([first, second, third])
    expect(service.codes()).toContain('module.close-timeout')
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never])(
    'rejects a deadline of %s and closes nothing',
    async (deadlineMs) => {
      const service = createService({})
      await service.start()
      await expect(service.reloader.close({ deadlineMs })).rejects.toMatchObject({ code: 'reloader.invalid-option' })
      expect(service.reloader.status().state).toBe('committed')
      await service.reloader.close()
    },
  )
})
