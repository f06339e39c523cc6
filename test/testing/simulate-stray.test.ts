import { setTimeout as sleep } from 'node:timers/promises'
import type { Applier } from 'changeover'
import { memorySource, replay, runScenario, scenario, SimulationError, simulate } from 'changeover/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Config, documentOf, documents, subjectOf } from './simulate-subject.ts'

type Slice = Config['db']
type Prepare = Applier<Slice, Slice>['prepare']

const broken = async (work: PromiseLike<unknown>): Promise<SimulationError> => {
  const error = await Promise.resolve(work).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(SimulationError)
  return error as SimulationError
}

const subjectWith = (prepare: Prepare, globals = false) =>
  subjectOf(() => ({ prepare }), globals ? { globals: 'virtual' } : {})

const change = () => scenario('a change').start(documentOf(1)).pause(2_000).put(documentOf(2)).last(documentOf(3))

const strayed = new Error('nobody waits for this')

/** Ways in which an error of an applier reaches nobody. */
const ways: Readonly<Record<string, ReturnType<typeof subjectWith>>> = {
  'a rejection that nobody handles': subjectWith((slice) => {
    void Promise.reject(strayed)
    return { instance: slice }
  }),
  'a rejection in a close that was not awaited': subjectWith((slice) => ({
    instance: slice,
    close: async () => {
      void (async () => {
        await undefined
        throw strayed
      })()
    },
  })),
  'a throw in nextTick': subjectWith((slice) => {
    process.nextTick(() => {
      throw strayed
    })
    return { instance: slice }
  }),
  'a throw in a microtask': subjectWith((slice) => {
    queueMicrotask(() => {
      throw strayed
    })
    return { instance: slice }
  }),
  'a throw in a timer of the reloader’s clock': subjectWith((slice, { clock }) => {
    clock.setTimeout(() => {
      throw strayed
    }, 10)
    return { instance: slice }
  }),
  'a throw in a virtual timer': subjectWith((slice) => {
    setTimeout(() => {
      throw strayed
    }, 10)
    return { instance: slice }
  }, true),
  'a throw in a real timer of no delay': subjectWith((slice) => {
    setTimeout(() => {
      throw strayed
    }, 0)
    return { instance: slice }
  }),
  'a throw in an immediate': subjectWith((slice) => {
    setImmediate(() => {
      throw strayed
    })
    return { instance: slice }
  }),
}

// Whatever is played, whoever listened before still does.
const events = ['unhandledRejection', 'uncaughtException'] as const
const own = () => events.flatMap((event) => process.rawListeners(event))
let before: unknown[] = []
beforeEach(() => {
  before = own()
})
afterEach(() => {
  expect(own()).toEqual(before)
  expect(process.hasUncaughtExceptionCaptureCallback()).toBe(false)
})

describe('An error that goes astray', () => {
  it.each(Object.entries(ways))('is a broken guarantee, and does not end the process: %s', async (_, subject) => {
    const error = await broken(change().run(subject))
    expect(error.code).toBe('simulate.broken')
    expect(error.violations[0]?.invariant).toBe('G13')
    expect(error.violations[0]?.message).toContain('nobody waits for this')
    expect(error.cause).toBe(strayed)
  })

  it('is found by simulate too, and shrunk', async () => {
    const subject = ways['a rejection that nobody handles']
    if (subject === undefined) throw new Error('no subject')
    const error = await broken(simulate({ ...subject, documents, runs: 10, seed: 1 }))
    expect(error.violations[0]?.invariant).toBe('G13')
    expect(error.scenario?.steps).toEqual([]) // the start is enough
  })

  it('of somebody else, before or after, is not the simulation’s', async () => {
    const heard: unknown[] = []
    const others = process.rawListeners('unhandledRejection') as NodeJS.UnhandledRejectionListener[]
    const hear = (error: unknown): void => {
      heard.push(error)
    }
    process.removeAllListeners('unhandledRejection')
    process.on('unhandledRejection', hear)
    try {
      void Promise.reject(new Error('before'))
      await change().run(subjectOf())
      void Promise.reject(new Error('between'))
      await runScenario(change().build(), subjectOf())
      void Promise.reject(new Error('after'))
      await sleep(5)
    } finally {
      process.removeAllListeners('unhandledRejection')
      for (const other of others) process.on('unhandledRejection', other)
    }
    expect(heard.map(String)).toEqual(['Error: before', 'Error: between', 'Error: after'])
  })
})

describe('Simulations side by side', () => {
  it('play as they do alone, and none hears of another’s errors', async () => {
    const alone = await change().run(subjectOf())
    const virtual = subjectOf(undefined, { globals: 'virtual' })
    const bad = ways['a rejection that nobody handles']
    const [one, two, three] = await Promise.all([
      change().run(subjectOf()).expectHeld(),
      broken(change().run(bad ?? subjectOf())),
      change().run(virtual).expectHeld(),
    ])
    expect(one.trace).toEqual(alone.trace)
    expect(two.violations[0]?.invariant).toBe('G13')
    expect(three.trace).toEqual(alone.trace)
  })

  it('put back what each has found, however they end', async () => {
    const plays = Array.from({ length: 4 }, () => replay(change().build(), subjectOf()))
    expect(await Promise.all(plays)).toHaveLength(4)
  })

  it('do not wait for each other for ever where a module simulates too', async () => {
    let inner: Promise<unknown> | undefined
    const subject = subjectWith(async (slice) => {
      inner ??= runScenario(change().build(), subjectOf())
      await inner
      return { instance: slice }
    })
    const error = await broken(change().run(subject))
    expect(error.code).toBe('simulate.no-progress')
    expect(await inner).toMatchObject({ violations: [] })
  })
})

describe('What is played again', () => {
  it('and holds where it broke before is said to depend on something outside', async () => {
    let calls = 0
    const subject = subjectOf(undefined, {
      invariants: {
        'once only': () => {
          calls += 1
          if (calls === 1) throw new Error('the first time')
        },
      },
    })
    const error = await broken(simulate({ ...subject, documents, runs: 5, seed: 1 }))
    expect(error.message).toContain('It held when the same history was played again')
    expect(error.violations[0]?.message).toBe('the first time')
  })

  it('names an invariant that is asynchronous, or throws something else', async () => {
    const later = subjectOf(undefined, { invariants: { later: async () => Promise.reject(strayed) } })
    expect((await broken(replay(change().build(), later))).message).toContain('it is asynchronous')
    const text: unknown = 'a text'
    const odd = subjectOf(undefined, {
      sometimes: {
        odd: () => {
          throw text
        },
      },
    })
    expect((await broken(replay(change().build(), odd))).message).toContain('odd: a text')
  })
})

describe('A stale read', () => {
  it('finds what was there one change before, so many times', async () => {
    const source = memorySource({ v: 1 })
    const { signal } = new AbortController()
    source.put({ v: 2 })
    source.staleReads(1)
    expect(await source.read(signal)).toMatchObject({ content: '{"v":1}', revision: { order: 1 } })
    expect(await source.read(signal)).toMatchObject({ content: '{"v":2}', revision: { order: 2 } })
    source.staleReads()
    source.wipe()
    expect(await source.read(signal)).toMatchObject({ kind: 'missing', revision: { lineage: 'memory-2' } })
    source.heal()
  })
})
