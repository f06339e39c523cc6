// Tells what reloads cost in a fresh process: `reload-child.ts <full|smoke> <times|bytes>`.
import { performance } from 'node:perf_hooks'
import { getHeapSpaceStatistics } from 'node:v8'
import { createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import type { Scale } from './figure.ts'
import { startIdleMachines } from './idle-machines.ts'
import { processorMs } from './processor.ts'
import { median } from './stats.ts'
import { Config, documentOf, threeModules } from './three-modules.ts'

/** How long reloads take. */
export interface Times {
  /** The first reload after the start, from the source's event to the commit. */
  readonly firstMs: number
  /** The median of those after it. */
  readonly commitMs: number
  /** The longest block of the event loop in each. */
  readonly blockMs: readonly number[]
}

/** What a reload allocates. */
export interface Bytes {
  readonly allocatedKb: number
  /** What of it the machines allocate alone, with work that does nothing. */
  readonly machinesKb: number
}

const [scale, part] = process.argv.slice(2) as [Scale, 'times' | 'bytes']
/** A config changes now and then: the caches are cold, and no change is taken for a burst. */
const SPACING_MS = 30

const rest = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

/** Three modules that do nothing. */
const trivialModules = (source: ReturnType<typeof memorySource>) => {
  const applier = () => ({ prepare: () => ({ instance: undefined }) })
  return createReloader({ source, schema: Config })
    .use('logger', ({ log }) => log, applier())
    .use('client', ({ client }) => client, applier())
    .use('cache', ({ cache }) => cache, applier())
}

/** How long a reload is followed: its closes come after its commit. */
const FOLLOWED_MS = 10

/**
 * The longest time for which anything else had to wait, from now on: the gaps between immediates, one of which comes in
 * each turn of the loop. Of a gap counts at most the processor time in it, since other programs run in between.
 */
const longestBlock = (): Promise<number> =>
  new Promise((resolve) => {
    let [longest, before, usedBefore] = [0, performance.now(), processorMs()]
    const end = before + FOLLOWED_MS
    const look = (): void => {
      const [now, used] = [performance.now(), processorMs()]
      longest = Math.max(longest, Math.min(now - before, used - usedBefore))
      before = now
      usedBefore = used
      if (now > end) resolve(longest)
      else setImmediate(look)
    }
    setImmediate(look)
  })

const timed = async (count: number): Promise<Times> => {
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
    const text = documentOf(version)
    started = performance.now()
    const blocked = longestBlock()
    source.put(text)
    blockMs.push(await blocked)
    await rest(SPACING_MS - FOLLOWED_MS)
  }
  await reloader.close()
  if (took.length !== count) throw new Error(`${took.length} of ${count} changes were applied`)
  const warm = Math.floor(count / 4)
  return { firstMs: took[0] ?? Number.NaN, commitMs: median(took.slice(warm)), blockMs: blockMs.slice(warm) }
}

/** Bytes in the young generation, which is so large that no collection comes in between. */
const allocatedBytes = (): number =>
  getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space')?.space_used_size ?? Number.NaN

/** What each of several changes allocates, in kB. It does not depend on what else the machine does. */
const allocated = async (count: number, change: (version: number) => void): Promise<number> => {
  const samples: number[] = []
  for (let version = 1; version <= 2 * count; version++) {
    const before = allocatedBytes()
    change(version)
    await rest(SPACING_MS)
    if (version > count) samples.push((allocatedBytes() - before) / 1_000)
  }
  return median(samples)
}

/** Of reloads, of the machines alone, and of the measure itself, which is taken off. */
const allocations = async (count: number): Promise<Bytes> => {
  const texts = Array.from({ length: 2 * count + 1 }, (_, version) => documentOf(version))
  const source = memorySource(texts[0] ?? '')
  const reloader = trivialModules(source)
  await reloader.start()
  const own = await allocated(count, () => undefined)
  const reloads = await allocated(count, (version) => source.put(texts[version] ?? ''))
  await reloader.close()
  const machines = startIdleMachines({ kind: 'valid' })
  const idle = await allocated(count, machines.change)
  machines.stop()
  return { allocatedKb: reloads - own, machinesKb: idle - own }
}

process.send?.(part === 'times' ? await timed(scale === 'full' ? 80 : 4) : await allocations(scale === 'full' ? 20 : 3))
