import { createReloader, type TransactionRecord } from 'changeover'
import { createVirtualClock, memorySource } from 'changeover/testing'
import { z } from 'zod'
import { ModuleWorld, type VersionedSlice } from './modules.ts'
import { createRandom } from './random.ts'

const Slice = z.strictObject({ version: z.number() })
const Config = z.strictObject({ a: Slice, b: Slice, c: Slice.optional(), d: Slice })

const STEPS = 60
const RESTING = new Set(['idle', 'committed', 'rejected', 'rolled-back', 'degraded'])

/** Plays one history of a reloader from its seed; returns the broken invariants and the trace. */
const simulateOnce = async (seed: number) => {
  const random = createRandom(seed)
  const clock = createVirtualClock()
  const world = new ModuleWorld(random)
  const applied: { version: number | undefined } = { version: undefined }
  const broken: string[] = []
  const records: TransactionRecord[] = []
  let version = 1
  const documentOf = () => ({
    a: { version },
    b: { version: random.chance(0.5) ? version : 0 },
    ...(random.chance(0.8) ? { c: { version } } : {}),
    d: { version },
  })
  const source = memorySource(documentOf())
  const soak = random.chance(0.5) ? { durationMs: 5_000, intervalMs: 1_000, failureThreshold: 2 } : 0
  const reloader = createReloader({ source, schema: Config, clock, random: random.next, soak })
    .use('a', (config) => config.a, world.generations('a'))
    .use('b', (config) => config.b, world.generations('b'), { after: ['a'] })
    .use('c', (config) => config.c, world.generations('c'), { after: ['b'] })
    .use('d', (config) => config.d, world.compensating(applied), { after: ['a'] })
  const consuming = (async () => {
    for await (const record of reloader.transactions()) records.push(record)
  })()
  const must = (holds: boolean, what: string): void => {
    if (!holds) broken.push(`${what} (after ${records.length} transactions)`)
  }

  /** G1 and G2: what serves is one whole snapshot, at rest and in between. */
  const checkServing = (): void => {
    const { config, modules } = reloader
    const { state, degraded } = reloader.status()
    const serves = (name: 'a' | 'b' | 'c', slice: VersionedSlice | undefined): void => {
      const isOff = slice === undefined && modules[name].current === undefined
      must(isOff || modules[name].current?.version === slice?.version, `G1 ${name} serves another version`)
    }
    serves('a', config.a)
    serves('b', config.b)
    serves('c', config.c)
    if (RESTING.has(state) && !degraded.includes('d'))
      must(applied.version === config.d.version, 'G2 d was not applied')
    must(state !== 'degraded' || degraded.length > 0 || soak !== 0, 'G2 degraded without a name')
  }

  const starting = reloader.start()
  await clock.advance(10_000)
  await starting
  world.faultRate = 0.15
  const asked: Promise<TransactionRecord>[] = []
  for (let step = 0; step < STEPS; step++) {
    version += 1
    const act = random.below(12)
    if (act < 6) source.put(documentOf())
    else if (act === 6) source.put('{"a":')
    else if (act === 7) asked.push(reloader.reload())
    else if (act === 8) source.breakWatch(random.pick(['source.closed', 'source.compacted', 'source.unreachable']))
    else if (act === 9) source.failReads('source.unreachable', 1 + random.below(3))
    else if (act === 10) source.delete()
    else source.wipe()
    await clock.advance(random.pick([0, 1, 50, 1_000, 40_000]))
    checkServing()
  }

  // Heal the world, publish three documents into each other's transactions, and require quiet: the last one serves.
  world.heal()
  source.heal()
  await clock.advance(200_000)
  world.slowMs = 100
  for (let put = 0; put < 3; put++) {
    version += 1
    source.put({ a: { version }, b: { version }, c: { version }, d: { version } })
    await clock.advance(50)
  }
  await clock.advance(200_000)
  const status = reloader.status()
  must(reloader.config.a.version === version, 'G11 the newest document does not serve')
  must(status.state === 'committed', `it rests in ${status.state}`)
  must(status.inSync, 'it is not in sync')
  must(status.degraded.length === 0, 'it is degraded still')
  checkServing()
  const closing = reloader.close()
  await clock.advance(200_000)
  await closing
  await consuming
  await Promise.all(asked)

  const { modules, counters } = reloader.status()
  for (const [name, { opened, closed, live, leaked }] of Object.entries(modules)) {
    must(opened === closed + live + leaked && live === 0, `G18 the account of ${name} does not add up`)
  }
  must(clock.pending() === 0, `G18 ${clock.pending()} timers are left`)
  for (const breach of world.breaches) must(false, `G3 ${breach}`)
  const concluded = Object.entries(counters).reduce(
    (sum, [name, count]) => (name === 'reported' ? sum : sum + count),
    0,
  )
  must(concluded === records.length, 'G17 the counters do not add up')
  must(new Set(records.map(({ id }) => id)).size === records.length, 'G17 a transaction has two records')
  return { broken, records, counters }
}

/** Plays histories from one seed on, until one breaks an invariant; counts the outcomes of all transactions. */
export const simulateMany = async (firstSeed: number, runs: number) => {
  const outcomes: Record<string, number> = {}
  for (let seed = firstSeed; seed < firstSeed + runs; seed++) {
    const { broken, counters } = await simulateOnce(seed)
    if (broken.length > 0) return { failed: { seed, broken }, outcomes }
    for (const [outcome, count] of Object.entries(counters)) outcomes[outcome] = (outcomes[outcome] ?? 0) + count
  }
  return { failed: undefined, outcomes }
}
