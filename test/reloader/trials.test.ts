import { createReloader, type TransactionRecord } from 'changeover'
import { memorySource } from 'changeover/testing'
import { describe, expect, it, type TestContext, vi } from 'vitest'
import { z } from 'zod'
import { observationOf } from '../../src/api/internal/observation.ts'
import type { Trials } from '../../src/api/internal/trials.ts'

const Config = z.object({ n: z.number() })
const until = (assertion: () => unknown): Promise<unknown> => vi.waitFor(assertion, { timeout: 10_000, interval: 5 })
const shortSoak = { soak: { durationMs: 1, intervalMs: 1, failureThreshold: 1 } }

/** A service with one module, whose instances are objects, and what became of them. */
const startService = async (test: TestContext, options: object = {}) => {
  const memory = memorySource('{"n":1}')
  const closed: number[] = []
  const prepared: number[] = []
  let isSound = true
  const reloader = createReloader({ source: memory, schema: Config, ...options }).use('pool', (config) => config, {
    prepare: ({ n }) => {
      if (n === 13) throw new Error('no')
      prepared.push(n)
      return {
        instance: { n },
        check: async () => {
          if (!isSound && n > 1) throw new Error('unsound')
        },
        close: async () => void closed.push(n),
      }
    },
  })
  test.onTestFinished(() => reloader.close())
  const records: TransactionRecord[] = []
  void (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  await reloader.start()
  await until(() => expect(reloader.status().lastKnownGood).toBeDefined())
  const trials = observationOf(reloader).trials as Trials
  return {
    memory,
    reloader,
    trials,
    closed,
    prepared,
    offer: (n: unknown, name = 'r1') => trials.offer({ lineage: 'trial-a', name, content: JSON.stringify({ n }) }),
    tries: () => until(() => expect(reloader.status().state).toBe('trying')),
    ends: (record: object) => until(() => expect(records.at(-1)).toMatchObject(record)),
    pool: () => reloader.modules.pool.current,
    breakDown: () => {
      isSound = false
    },
  }
}

describe('A document on trial', () => {
  it('serves until it is withdrawn, and then the same instance as before serves again', async (test) => {
    const { reloader, pool, offer, tries, trials, ends, closed } = await startService(test)
    const before = pool()
    expect(offer(2)).toBe(true)
    await tries()
    expect(reloader.config).toEqual({ n: 2 })
    expect(closed).toEqual([])
    trials.end()
    await ends({ trigger: 'trial', outcome: 'aborted' })
    expect(pool()).toBe(before)
    expect(reloader.config).toEqual({ n: 1 })
    await until(() => expect(closed).toEqual([2]))
    expect(reloader.status().state).toBe('committed')
    expect(reloader.status().quarantine).toEqual([])
  })

  it('stays, and calls no module, once the source holds it', async (test) => {
    const { memory, reloader, pool, offer, tries, ends, prepared, closed } = await startService(test)
    offer(2)
    await tries()
    const tried = pool()
    memory.put('{"n":2}')
    await ends({ outcome: 'unchanged' })
    expect(pool()).toBe(tried)
    expect(prepared).toEqual([1, 2])
    await until(() => expect(closed).toEqual([1]))
    const { serving, source, inSync } = reloader.status()
    expect(serving?.revision).toEqual(source.revision)
    expect(inSync).toBe(true)
  })

  it('stays if it is promoted before the source says so', async (test) => {
    const { memory, reloader, trials, offer, tries, ends, prepared } = await startService(test)
    offer(2)
    await tries()
    trials.promote()
    await ends({ trigger: 'trial', outcome: 'committed' })
    trials.end()
    memory.put('{"n":2}')
    await ends({ outcome: 'unchanged' })
    expect(prepared).toEqual([1, 2])
    expect(reloader.config).toEqual({ n: 2 })
  })

  it('gives way to another document of the source', async (test) => {
    const { memory, reloader, trials, offer, tries, ends, closed } = await startService(test)
    offer(2)
    await tries()
    memory.put('{"n":3}')
    await ends({ trigger: 'change', outcome: 'committed' })
    expect(reloader.config).toEqual({ n: 3 })
    trials.end()
    await until(() => expect(closed.toSorted()).toEqual([1, 2]))
    expect(reloader.config).toEqual({ n: 3 })
  })

  it('goes on while the source only holds what would be rejected', async (test) => {
    const { memory, reloader, trials, offer, tries, ends } = await startService(test)
    offer(2)
    await tries()
    memory.put('{"n":"x"}')
    await until(() => expect(reloader.status().waiting).toBeDefined())
    expect(reloader.config).toEqual({ n: 2 })
    trials.end()
    await ends({ trigger: 'change', outcome: 'rejected' })
    expect(reloader.config).toEqual({ n: 1 })
  })

  it('is rolled back if it fails, and is not tried again', async (test) => {
    const { reloader, offer, ends, breakDown } = await startService(test, shortSoak)
    breakDown()
    offer(2)
    await ends({ trigger: 'trial', outcome: 'rolled-back' })
    expect(reloader.config).toEqual({ n: 1 })
    expect(reloader.status().waiting).toBeUndefined()
    offer(13, 'r2')
    await ends({ revision: { name: 'r2' }, outcome: 'rolled-back' })
    offer(2, 'r3')
    await ends({ revision: { name: 'r3' }, outcome: 'rejected' })
  })

  it('is rolled back if a check fails while it is tried', async (test) => {
    const { reloader, offer, tries, ends, breakDown } = await startService(test, shortSoak)
    offer(2)
    await tries()
    breakDown()
    await ends({ trigger: 'trial', outcome: 'rolled-back' })
    expect(reloader.config).toEqual({ n: 1 })
  })

  it('is rejected like any other if it is not valid', async (test) => {
    const { reloader, offer, ends } = await startService(test)
    offer('x')
    await ends({ trigger: 'trial', outcome: 'rejected' })
    expect(reloader.config).toEqual({ n: 1 })
  })

  it('is refused while changes are frozen, and is over after a revert and a close', async (test) => {
    const { memory, reloader, offer, tries, ends, prepared, closed } = await startService(test)
    memory.put('{"n":7}')
    await ends({ trigger: 'change', outcome: 'committed' })
    await reloader.freeze('no')
    expect(offer(2)).toBe(false)
    await reloader.unfreeze()
    expect(offer(2)).toBe(true)
    await tries()
    await reloader.revert()
    expect(reloader.config).toEqual({ n: 1 })
    await reloader.unfreeze()
    await ends({ trigger: 'change', outcome: 'committed' })
    offer(4, 'r4')
    await tries()
    await reloader.close()
    expect(closed.toSorted()).toEqual(prepared.toSorted())
  })
})
