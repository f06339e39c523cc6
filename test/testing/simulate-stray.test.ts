import { setTimeout as sleep } from 'node:timers/promises'
import type { Applier } from 'changeover'
import { memorySource, replay, runScenario, scenario, simulate } from 'changeover/testing'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { documentOf, documents, type Slice, simulationErrorOf, subjectOf } from './simulate-fixtures.ts'

type Prepare = Applier<Slice, Slice>['prepare']

const subjectWith = (prepare: Prepare, globals = false) =>
  subjectOf(() => ({ prepare }), globals ? { globals: 'virtual' } : {})

const change = () => scenario('a change').start(documentOf(1)).pause(2_000).put(documentOf(2)).last(documentOf(3))

const stray = new Error('no code handles this')

/** Ways in which an error of an applier goes astray. */
const ways: Readonly<Record<string, ReturnType<typeof subjectWith>>> = {
  'an unhandled rejection': subjectWith((slice) => {
    void Promise.reject(stray)
    return { instance: slice }
  }),
  'a rejection in a promise that close does not await': subjectWith((slice) => ({
    instance: slice,
    close: async () => {
      void (async () => {
        await undefined
        throw stray
      })()
    },
  })),
  'a throw in nextTick': subjectWith((slice) => {
    process.nextTick(() => {
      throw stray
    })
    return { instance: slice }
  }),
  'a throw in a microtask': subjectWith((slice) => {
    queueMicrotask(() => {
      throw stray
    })
    return { instance: slice }
  }),
  'a throw in a timer of the reloader’s clock': subjectWith((slice, { clock }) => {
    clock.setTimeout(() => {
      throw stray
    }, 10)
    return { instance: slice }
  }),
  'a throw in a virtual timer': subjectWith((slice) => {
    setTimeout(() => {
      throw stray
    }, 10)
    return { instance: slice }
  }, true),
  'a throw in a real timer without a delay': subjectWith((slice) => {
    setTimeout(() => {
      throw stray
    }, 0)
    return { instance: slice }
  }),
  'a throw in an immediate': subjectWith((slice) => {
    setImmediate(() => {
      throw stray
    })
    return { instance: slice }
  }),
}

// After every simulation the listeners are the same as before.
const events = ['unhandledRejection', 'uncaughtException'] as const
const currentListeners = () => events.flatMap((event) => process.rawListeners(event))
let before: unknown[] = []
beforeEach(() => {
  before = currentListeners()
})
afterEach(() => {
  expect(currentListeners()).toEqual(before)
  expect(process.hasUncaughtExceptionCaptureCallback()).toBe(false)
})

describe('A stray error', () => {
  it.each(Object.entries(ways))('breaks a guarantee, and does not end the process: %s', async (_, subject) => {
    const error = await simulationErrorOf(change().run(subject))
    expect(error.code).toBe('simulate.broken')
    expect(error.violations[0]?.invariant).toBe('G13')
    expect(error.violations[0]?.message).toContain('no code handles this')
    expect(error.cause).toBe(stray)
  })

  it('is found and shrunk by simulate too', async () => {
    const subject = ways['an unhandled rejection']
    if (subject === undefined) throw new Error('no subject')
    const error = await simulationErrorOf(simulate({ ...subject, documents, runs: 10, seed: 1 }))
    expect(error.violations[0]?.invariant).toBe('G13')
    expect(error.scenario?.steps).toEqual([]) // the start alone breaks the guarantee
  })

  it('does not count when other code caused it before or after the simulation', async () => {
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
  it('play as if each were alone, and get no errors of another one', async () => {
    const alone = await change().run(subjectOf())
    const virtual = subjectOf(undefined, { globals: 'virtual' })
    const bad = ways['an unhandled rejection']
    const [one, two, three] = await Promise.all([
      change().run(subjectOf()).expectHeld(),
      simulationErrorOf(change().run(bad ?? subjectOf())),
      change().run(virtual).expectHeld(),
    ])
    expect(one.trace).toEqual(alone.trace)
    expect(two.violations[0]?.invariant).toBe('G13')
    expect(three.trace).toEqual(alone.trace)
  })

  it('restore the listeners, however they end', async () => {
    const plays = Array.from({ length: 4 }, () => replay(change().build(), subjectOf()))
    expect(await Promise.all(plays)).toHaveLength(4)
  })

  it('do not deadlock if a module runs a simulation too', async () => {
    let inner: Promise<unknown> | undefined
    const subject = subjectWith(async (slice) => {
      inner ??= runScenario(change().build(), subjectOf())
      await inner
      return { instance: slice }
    })
    const error = await simulationErrorOf(change().run(subject))
    expect(error.code).toBe('simulate.no-progress')
    expect(await inner).toMatchObject({ violations: [] })
  })
})

describe('A violation', () => {
  it('that does not happen again is reported as caused by state outside the modules', async () => {
    let calls = 0
    const subject = subjectOf(undefined, {
      invariants: {
        'fails once': () => {
          calls += 1
          if (calls === 1) throw new Error('the first time')
        },
      },
    })
    const error = await simulationErrorOf(simulate({ ...subject, documents, runs: 5, seed: 1 }))
    expect(error.message).toContain('It held when the same history was played again')
    expect(error.violations[0]?.message).toBe('the first time')
  })

  it('names an invariant that is asynchronous, or that throws a value that is not an error', async () => {
    const later = subjectOf(undefined, { invariants: { later: async () => Promise.reject(stray) } })
    expect((await simulationErrorOf(replay(change().build(), later))).message).toContain('it is asynchronous')
    const text: unknown = 'a text'
    const odd = subjectOf(undefined, {
      sometimes: {
        odd: () => {
          throw text
        },
      },
    })
    expect((await simulationErrorOf(replay(change().build(), odd))).message).toContain('odd: a text')
  })
})

describe('A stale read', () => {
  it('returns the document before the last change, as often as the test asked for', async () => {
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
