// Tells what reloads cost in a fresh process: `reload-child.ts <full|smoke>`.
import { performance } from 'node:perf_hooks'
import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import type { Scale } from './figure.ts'
import { median } from './stats.ts'
import { Config, documentOf, threeModules } from './three-modules.ts'

/** What a process tells. */
export interface OwnCost {
  /** The first reload after the start, from the source's event to the commit. */
  readonly firstMs: number
  /** The median of those after it. */
  readonly commitMs: number
  /** How long each held the event loop, in all its turns together. */
  readonly blockMs: readonly number[]
  readonly allocatedKb: number
}

const scale = process.argv[2] as Scale
const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Three modules that do nothing. */
const trivialModules = (source: ReturnType<typeof memorySource>) => {
  const applier = () => ({ prepare: () => ({ instance: undefined }) })
  return createReloader({ source, schema: Config })
    .use('logger', ({ log }) => log, applier())
    .use('client', ({ client }) => client, applier())
    .use('cache', ({ cache }) => cache, applier())
}

const timed = async (count: number): Promise<Omit<OwnCost, 'allocatedKb'>> => {
  const source = memorySource(documentOf(0))
  const reloader = threeModules({ source })
  await reloader.start()
  const took: number[] = []
  const blockMs: number[] = []
  let started = 0
  reloader.subscribe(
    (config) => config,
    () => void took.push(performance.now() - started),
  )
  await rest(100)
  for (let version = 1; version <= count; version++) {
    const before = performance.eventLoopUtilization()
    started = performance.now()
    source.put(documentOf(version))
    await rest(30)
    blockMs.push(performance.eventLoopUtilization(before).active)
  }
  await reloader.close()
  if (took.length !== count) throw new Error(`${took.length} of ${count} changes were applied`)
  const warm = Math.floor(count / 4)
  return { firstMs: took[0] ?? Number.NaN, commitMs: median(took.slice(warm)), blockMs: blockMs.slice(warm) }
}

const allocated = async (count: number): Promise<number> => {
  const source = memorySource(documentOf(0))
  const reloader = trivialModules(source)
  await reloader.start()
  const records = reloader.transactions()
  const samples: number[] = []
  for (let version = 1; version <= count; version++) {
    const text = documentOf(version)
    await rest(30)
    globalThis.gc?.()
    const before = process.memoryUsage().heapUsed
    source.put(text)
    await records.next()
    await new Promise((resolve) => setImmediate(resolve))
    samples.push((process.memoryUsage().heapUsed - before) / 1_000)
  }
  await reloader.close()
  return median(samples)
}

const times = await timed(scale === 'full' ? 80 : 4)
const allocatedKb = await allocated(scale === 'full' ? 40 : 3)
process.send?.({ ...times, allocatedKb } satisfies OwnCost)
