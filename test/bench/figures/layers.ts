import { createReloader, type Reloader } from 'changeover'
import { layers } from 'changeover/layers'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'
import { atMost, type Figure } from '../figure.ts'
import { addedOf, pairs } from '../pairs.ts'
import { processorMs } from '../processor.ts'
import { median } from '../stats.ts'

const Entry = z.object({
  name: z.string(),
  isOn: z.boolean(),
  weight: z.number(),
  hosts: z.array(z.string()),
  limits: z.object({ perSecond: z.number(), burst: z.number() }),
})
const Config = z.record(z.string(), z.record(z.string(), Entry))
type Config = z.infer<typeof Config>

const BYTES = 1_000_000
const parts = ['low', 'middle', 'high'] as const

/** A third of a config that is about 1 MB long as JSON, whose first leaf is `turn`. */
const partOf = (name: string, turn: number): Config => {
  const entryOf = (index: number): z.infer<typeof Entry> => ({
    name: `entry-${index}`,
    isOn: index % 2 === 0,
    weight: index === 0 ? turn : index / 8,
    hosts: [`10.0.0.${index % 256}:8080`, `10.0.1.${index % 256}:8080`],
    limits: { perSecond: 100 + index, burst: 1_000 + index },
  })
  const count = Math.ceil(BYTES / parts.length / JSON.stringify(entryOf(1_000)).length)
  return { [name]: Object.fromEntries(Array.from({ length: count }, (_, index) => [`key-${index}`, entryOf(index)])) }
}

const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

const follow = async (reloader: Reloader<Config>, put: (turn: number) => void) => {
  await reloader.start()
  const records = reloader.transactions()
  let turn = 0
  /** From the event of the source to the terminal record, in milliseconds of processor time. */
  const change = async (): Promise<number> => {
    await quiet()
    turn += 1
    const started = processorMs()
    put(turn)
    const { value } = await records.next()
    const took = processorMs() - started
    if (value?.outcome !== 'committed') throw new Error(`The change was ${value?.outcome}`)
    return took
  }
  return { change, close: () => reloader.close() }
}

const inLayers = () => {
  const sources = parts.map((name) => memorySource(partOf(name, 0)))
  // Texts are made before they are timed.
  const texts = Array.from({ length: 200 }, (_, turn) => JSON.stringify(partOf('middle', turn)))
  const reloader = createReloader({ source: layers(sources, { gatherMs: 0 }), schema: Config })
  return follow(reloader, (turn) => sources[1]?.put(texts[turn % texts.length] ?? ''))
}

const inOneFile = () => {
  const texts = Array.from({ length: 200 }, (_, turn) =>
    JSON.stringify({ ...partOf('low', 0), ...partOf('middle', turn), ...partOf('high', 0) }),
  )
  const source = memorySource(texts[0] ?? '')
  const reloader = createReloader({ source, schema: Config })
  return follow(reloader, (turn) => source.put(texts[turn % texts.length] ?? ''))
}

const LEAVES = 1_000

/** How long `explain` takes for each leaf of a document of 1,000, in microseconds. */
const explainUs = async (rounds: number): Promise<number> => {
  const leaves = Array.from({ length: LEAVES }, (_, index) => [`group-${index % 20}`, `key-${index}`] as const)
  const layerOf = (step: number): object => {
    const root: Record<string, Record<string, number>> = {}
    for (const [index, [group, key]] of leaves.entries()) {
      if (index % step === 0) root[group] = { ...root[group], [key]: index }
    }
    return root
  }
  const source = layers([memorySource(layerOf(1)), memorySource(layerOf(2)), memorySource(layerOf(3))])
  const schema = z.record(z.string(), z.record(z.string(), z.number()))
  const reloader = createReloader({ source, schema, public: ['*'] })
  await reloader.start()
  const samples: number[] = []
  for (let round = 0; round < rounds; round++) {
    const started = processorMs()
    for (const path of leaves) reloader.explain(path)
    samples.push(((processorMs() - started) * 1_000) / LEAVES)
  }
  await reloader.close()
  return median(samples)
}

const MAX_EXPLAIN_US = 100

export const figure: Figure = {
  title: 'one leaf of a 1 MB document in three layers, from the event to the record',
  floor: 'the same document in one source',
  run: async function* (scale) {
    const [rounds, warmup] = scale === 'full' ? [41, 10] : [2, 1]
    const [layered, single] = [await inLayers(), await inOneFile()]
    const paired = await pairs(layered.change, single.change, { rounds, warmup })
    await layered.close()
    await single.close()
    const { ours, floor, ratio } = paired
    yield { name: 'one leaf', unit: 'ms', value: ours, floor, ...atMost(ratio, 1.5), note: addedOf(paired) }
    const us = await explainUs(rounds)
    const goal = { goal: `≤ ${MAX_EXPLAIN_US} µs`, isMet: us <= MAX_EXPLAIN_US }
    yield { name: 'explain, of 1,000 leaves in three layers', unit: 'µs', value: us, ...goal }
  },
}
