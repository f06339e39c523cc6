import { type Applier, createReloader } from 'changeover'
import { memorySource } from 'changeover/testing'
import PQueue from 'p-queue'
import { z } from 'zod'
import { atMost, type Figure } from '../figure.ts'
import { type Paired, pairs, spreadOf } from '../pairs.ts'
import { processorMs } from '../processor.ts'

const LAYERS = 4
const CONCURRENCY = 8
const DEPENDENCIES = 2

interface Slice {
  readonly version: number
}

/** The modules that number `index` comes after: two of the layer above it. */
const dependenciesOf = (index: number, count: number): readonly number[] => {
  const width = Math.ceil(count / LAYERS)
  const layer = Math.floor(index / width)
  if (layer === 0) return []
  const above = (layer - 1) * width
  return Array.from({ length: DEPENDENCIES }, (_, offset) => above + ((index + offset) % width))
}

const nameOf = (index: number): string => `m${index}`

/** What each module does, for us and for the floor: an asynchronous function that has nothing to wait for. */
const work = async (slice: Slice): Promise<Slice> => slice

const applier = (): Applier<Slice, Slice> => ({ prepare: async (slice) => ({ instance: await work(slice) }) })

const Config = z.object({ modules: z.array(z.object({ version: z.number() })) })
type Config = z.infer<typeof Config>

/** A reloader of `count` modules, and a function that changes all of them and says how long the apply took. */
const makeOurs = async (count: number) => {
  const documentOf = (version: number): string =>
    JSON.stringify({ modules: Array.from({ length: count }, () => ({ version })) } satisfies Config)
  let applyStarted = 0
  const source = memorySource(documentOf(0))
  const reloader = createReloader({
    source,
    schema: Config,
    concurrency: CONCURRENCY,
    // Asked last in `validating`: from here on it is planning, preparing, the tick, and the record.
    policies: [
      () => {
        applyStarted = processorMs()
      },
    ],
  })
  const use = reloader.use as (name: string, select: (config: Config) => Slice, of: unknown, links: object) => unknown
  for (let index = 0; index < count; index++) {
    const after = dependenciesOf(index, count).map(nameOf)
    use(nameOf(index), (config) => config.modules[index] as Slice, applier(), { after })
  }
  await reloader.start()
  let version = 0
  const change = async (): Promise<number> => {
    source.put(documentOf(++version))
    const record = await reloader.reload()
    const took = processorMs() - applyStarted
    if (record.outcome !== 'committed' || record.modules.length !== count) throw new Error(`It was ${record.outcome}`)
    await new Promise((resolve) => setTimeout(resolve, 5)) // the replaced generations are closed in the background
    return took
  }
  return { change, close: reloader.close }
}

/** The same promises and the same waits, through one bare queue of the same concurrency. */
const floorOf = (count: number) => {
  const slices = Array.from({ length: count }, (_, version): Slice => ({ version }))
  const graph = slices.map((slice, index) => ({ slice, after: dependenciesOf(index, count) }))
  return async (): Promise<number> => {
    const started = processorMs()
    const queue = new PQueue({ concurrency: CONCURRENCY })
    const ends: Promise<unknown>[] = []
    for (const { slice, after } of graph) {
      const run = (): Promise<unknown> => queue.add(() => work(slice))
      ends.push(after.length === 0 ? run() : Promise.all(after.map((index) => ends[index])).then(run))
    }
    await Promise.all(ends)
    return processorMs() - started
  }
}

const measure = async (count: number, rounds: number): Promise<Paired> => {
  const ours = await makeOurs(count)
  try {
    return await pairs(ours.change, floorOf(count), { rounds, warmup: Math.min(20, Math.floor(rounds / 2)) })
  } finally {
    await ours.close()
  }
}

export const figure: Figure = {
  title: 'applying a change of every module of a graph four deep, from the plan to the record',
  floor: 'the same promises with the same waits through bare p-queue',
  run: async function* (scale) {
    const [small, many] = scale === 'full' ? [101, 15] : [3, 1]
    for (const [name, count, rounds, limit] of [
      ['1,000 modules', 1_000, small, 2],
      ['10,000 modules', 10_000, many, 1.5],
    ] as const) {
      const paired = await measure(count, rounds)
      const { ours, floor, ratio } = paired
      yield { name, unit: 'ms', value: ours, floor, ...atMost(ratio, limit), note: spreadOf(paired) }
    }
  },
}
