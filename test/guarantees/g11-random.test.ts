import { type Applier, createReloader, type TransactionRecord } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createRandom } from '../support/random.ts'

const Version = z.strictObject({ version: z.number(), sort: z.enum(['good', 'prepare', 'commit', 'check', 'slow']) })
type Version = z.infer<typeof Version>
const sorts = ['good', 'good', 'slow', 'prepare', 'commit', 'check'] as const

/** Makes modules that fail as the document says, and that note the versions on which they work. */
const createLoad = (seed: number) => {
  const random = createRandom(seed)
  const clock = createVirtualClock()
  const source = memorySource({ version: 0, sort: 'good' })
  const working = new Map<number, number>()
  const mixes: number[][] = []
  const wait = (ms: number): Promise<void> => new Promise((resolve) => clock.setTimeout(resolve, ms))
  const applier = (): Applier<Version, number> => ({
    prepare: async ({ version, sort }) => {
      working.set(version, (working.get(version) ?? 0) + 1)
      if (working.size > 1) mixes.push([...working.keys()])
      await wait(1 + random.below(sort === 'slow' ? 60 : 20))
      const left = (working.get(version) ?? 1) - 1
      if (left === 0) working.delete(version)
      else working.set(version, left)
      if (sort === 'prepare') throw new Error('scripted')
      return {
        instance: version,
        commit: () => {
          if (sort === 'commit') throw new Error('scripted')
        },
        check: async () => {
          await wait(1 + random.below(5))
          if (sort === 'check') throw new Error('scripted')
        },
      }
    },
  })
  const reloader = createReloader({
    source,
    schema: Version,
    clock,
    soak: 30,
    random: random.next,
    deadlines: { graceMs: 1_000 },
  })
    .use('one', (config) => config, applier())
    .use('two', (config) => config, applier(), { after: ['one'] })
    .use('three', (config) => config, applier())
  return { random, clock, source, reloader, mixes }
}

/** Notes what arrived at the source, and what that did to the watcher. */
const disturb = ({ random, source, reloader }: ReturnType<typeof createLoad>, version: number): Version | undefined => {
  if (random.chance(0.1)) source.breakWatch('source.closed')
  if (random.chance(0.05)) reloader.reload().catch(() => {})
  if (random.chance(0.05)) source.failReads('source.unreachable', 2)
  if (random.chance(0.1)) {
    source.put(random.chance(0.5) ? '{' : { version: 'bad' })
    return undefined
  }
  const next = { version, sort: random.pick(sorts) }
  source.put(next)
  return next
}

describe('G11 Random changes at random times', () => {
  it.each([1, 2, 3, 4, 5, 6])(
    'G11 end with the newest that can be applied, or else with what served before; seed %i',
    async (seed) => {
      const load = createLoad(seed)
      const { random, clock, source, reloader, mixes } = load
      const records: TransactionRecord[] = []
      void (async () => {
        for await (const record of reloader.transactions()) records.push(record)
      })()
      const started = reloader.start()
      await clock.advance(100)
      await started
      for (let round = 0; round < 60; round++) {
        let newest: Version | undefined = reloader.config
        for (let change = random.below(8); change >= 0; change--) {
          newest = disturb(load, round * 10 + change)
          await clock.advance(random.below(50))
        }
        source.heal()
        await clock.advance(20_000)
        const isGood = newest?.sort === 'good' || newest?.sort === 'slow'
        if (isGood) expect(reloader.config).toEqual(newest)
        else expect(['good', 'slow']).toContain(reloader.config.sort)
        const { serving, lastKnownGood, state } = reloader.status()
        expect([state === 'degraded', serving?.digest]).toEqual([false, lastKnownGood?.digest])
        expect(reloader.modules.one.current).toBe(reloader.config.version)
        expect(reloader.modules.two.current).toBe(reloader.config.version)
        expect(reloader.modules.three.current).toBe(reloader.config.version)
      }
      expect(mixes).toEqual([])
      // A transaction ends before the next begins.
      const overlaps = records.filter((record, index) => {
        const next = records[index + 1]
        return next !== undefined && next.startedAt < record.startedAt + record.durationMs
      })
      expect(overlaps).toEqual([])
      const seen = new Set(records.map(({ outcome }) => outcome))
      expect(
        ['committed', 'rejected', 'rolled-back', 'superseded'].filter((outcome) => !seen.has(outcome as never)),
      ).toEqual([])
      const closed = reloader.close()
      await clock.advance(60_000)
      await closed
    },
  )
})
