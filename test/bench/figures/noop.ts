import { createReloader, type TransactionRecord } from 'changeover'
import { memorySource } from 'changeover/testing'
import { z } from 'zod'
import type { Figure, Measure } from '../figure.ts'
import { startIdleMachines } from '../idle-machines.ts'
import { type Paired, pairs, addedOf } from '../pairs.ts'
import { processorMs } from '../processor.ts'
import { median } from '../stats.ts'

const Entry = z.object({
  name: z.string(),
  isOn: z.boolean(),
  weight: z.number(),
  hosts: z.array(z.string()),
  limits: z.object({ perSecond: z.number(), burst: z.number() }),
})
const Config = z.object({ followed: z.object({ level: z.string() }), entries: z.array(Entry) })
type Config = z.infer<typeof Config>

/** A config that is about `bytes` long as JSON. */
const configOf = (bytes: number): Config => {
  const entryOf = (index: number): z.infer<typeof Entry> => ({
    name: `entry-${index}`,
    isOn: index % 2 === 0,
    weight: index / 8,
    hosts: [`10.0.0.${index % 256}:8080`, `10.0.1.${index % 256}:8080`],
    limits: { perSecond: 100 + index, burst: 1_000 + index },
  })
  const count = Math.ceil(bytes / JSON.stringify(entryOf(1_000)).length)
  return { followed: { level: 'info' }, entries: Array.from({ length: count }, (_, index) => entryOf(index)) }
}

/** The ways in which a change changes nothing. Each gives the text of change number `turn`. */
const kinds = {
  /** The same text at a new revision: somebody has put it again. */
  redelivered: (config: Config) => {
    const text = JSON.stringify(config)
    return () => text
  },
  /** Another text of an equal config. */
  reformatted: (config: Config) => {
    const texts = [JSON.stringify(config), `${JSON.stringify(config)}\n`]
    return (turn: number) => texts[turn % 2] ?? ''
  },
  /** A part that no module follows has changed, in the middle of the text. */
  irrelevant: (config: Config) => (turn: number) => {
    const middle = config.entries.length >> 1
    const entries = config.entries.map((entry, index) => (index === middle ? { ...entry, weight: turn } : entry))
    return JSON.stringify({ ...config, entries })
  },
} as const

type Kind = keyof typeof kinds

const makeScene = async (kind: Kind, bytes: number) => {
  const config = configOf(bytes)
  const textOf = kinds[kind](config)
  const source = memorySource(textOf(0))
  let calls = 0
  const reloader = createReloader({ source, schema: Config }).use('module', ({ followed }) => followed, {
    prepare: () => {
      calls += 1
      return { instance: undefined }
    },
  })
  await reloader.start()
  const records = reloader.transactions()
  let turn = 0
  const expected: TransactionRecord['outcome'] = kind === 'irrelevant' ? 'committed' : 'unchanged'
  /** From the source's event to the terminal record, in milliseconds. */
  const ours = async (): Promise<number> => {
    const text = textOf(++turn)
    await quiet()
    const started = processorMs()
    source.put(text)
    const { value: record } = await records.next()
    const took = processorMs() - started
    if (record?.outcome !== expected) throw new Error(`${kind} was ${record?.outcome}`)
    return took
  }
  const floor = async (): Promise<number> => {
    const text = textOf(++turn)
    await quiet()
    const started = processorMs()
    const result = Config['~standard'].validate(JSON.parse(text))
    const took = processorMs() - started
    if ('then' in result || result.issues !== undefined) throw new Error('Not valid')
    return took
  }
  const close = async (): Promise<void> => {
    await reloader.close()
    if (calls !== 1) throw new Error(`The module was prepared ${calls} times`)
  }
  return { ours, floor, close, bytes: textOf(0).length }
}

/** A source that changes without a pause is paced; one that changes now and then is not, and that is what is timed. */
const quiet = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30))

/** What of it the bare machines take: the same event, and actors that answer `unchanged` at once. */
const machinesAlone = async (rounds: number, warmup: number): Promise<Measure> => {
  const machines = startIdleMachines({ kind: 'unchanged' })
  const samples: number[] = []
  for (let round = -warmup; round < rounds; round++) {
    await quiet()
    const before = machines.concluded()
    const started = processorMs()
    machines.change()
    while (machines.concluded() === before) await Promise.resolve()
    if (round >= 0) samples.push(processorMs() - started)
  }
  machines.stop()
  return { name: 'of it two bare machines', unit: 'ms', value: median(samples), note: 'XState; actors that do nothing' }
}

/** What a small document may take more, in milliseconds, and how many times as long as the floor a large one. */
const limits: Readonly<Record<Kind, readonly [added: number, ratio: number]>> = {
  redelivered: [0.3, 1.5],
  reformatted: [0.5, 1.5],
  irrelevant: [0.5, 1.8],
}

const goalOf = (kind: Kind, bytes: number, { ratio, added }: Paired): Partial<Measure> => {
  const [mostAdded, mostRatio] = limits[kind]
  return bytes < 100_000
    ? { ratio, goal: `≤ ${mostAdded} ms more`, isMet: added <= mostAdded }
    : { ratio, goal: `≤ ${mostRatio}×`, isMet: ratio <= mostRatio }
}

const sizes = { '1 kB': 1_000, '1 MB': 1_000_000 } as const

export const figure: Figure = {
  title: 'a change that changes nothing, from the event to the record',
  floor: 'JSON.parse and schema validation',
  run: async function* (scale) {
    const [rounds, warmup] = scale === 'full' ? [61, 20] : [2, 1]
    for (const [size, bytes] of Object.entries(sizes)) {
      for (const kind of Object.keys(kinds) as Kind[]) {
        const scene = await makeScene(kind, bytes)
        const paired = await pairs(scene.ours, scene.floor, { rounds, warmup })
        await scene.close()
        yield {
          name: `${size} ${kind}`,
          unit: 'ms',
          value: paired.ours,
          floor: paired.floor,
          ...goalOf(kind, bytes, paired),
          note: addedOf(paired),
        }
      }
    }
    yield await machinesAlone(rounds, warmup)
  },
}
