import { createReloader } from 'changeover'
import { layers } from 'changeover/layers'
import { createVirtualClock, memorySource, type MemorySource } from 'changeover/testing'
import { z } from 'zod'
import { seededRandom } from '../../../../src/testing/fakes/seeded-random.ts'

const LAYERS = 3

/** The last layer may be missing. */
const OPTIONAL = 2

const STEPS = 40

interface LayerDocument {
  readonly n: number
  /** The value of a key that several layers have. */
  readonly shared: number | undefined
}

/** One layer: its store, and every document that it has ever held. */
interface PlayedLayer {
  readonly store: MemorySource
  readonly held: Map<number, LayerDocument>
  /** What it holds now; undefined if it has no document, or a broken one. */
  current: LayerDocument | undefined
  isSound: boolean
}

export interface LayersRun {
  readonly transactions: number
  readonly violations: readonly string[]
  /** What has happened, to tell two runs apart. */
  readonly trace: readonly string[]
}

const Part = z.strictObject({ n: z.number() }).optional()
const Config = z.strictObject({
  shared: z.strictObject({ value: z.number() }).optional(),
  l0: Part,
  l1: Part,
  l2: Part,
})

const textOf = (index: number, { n, shared }: LayerDocument): object => ({
  [`l${index}`]: { n },
  ...(shared === undefined ? {} : { shared: { value: shared } }),
})

/** The ways in which the store of a layer can be in trouble. The last document of a layer stays what it was. */
const faults: Readonly<Record<string, (store: MemorySource) => void>> = {
  disconnect: (store) => {
    store.breakWatch('source.unreachable')
    store.failReads('source.unreachable')
    store.failWatches('source.unreachable')
  },
  reset: (store) => store.breakWatch('source.closed'),
  silence: (store) => store.silence(),
  compact: (store) => {
    store.breakWatch('source.compacted')
    store.failWatches('source.compacted', 1)
  },
  'stale-read': (store) => {
    store.staleReads(2)
    store.deliver({ kind: 'changed' })
  },
  'failed-read': (store) => {
    store.failReads('source.failed', 2)
    store.deliver({ kind: 'changed' })
  },
  slow: (store) => store.hangReads(),
  hang: (store) => store.hangReads({ deaf: true }),
  'later-order': (store) => void store.renew(),
}

/**
 * Plays one history of three layers with faults in each, on virtual time against a real reloader, and compares what serves with
 * what the layers have held: no layer goes back alone, every config is a merge of documents that were there, and in the end the
 * newest documents of all layers serve.
 */
export const playLayers = async (seed: number): Promise<LayersRun> => {
  const random = seededRandom(seed)
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T
  const clock = createVirtualClock()
  const played: PlayedLayer[] = []
  const violations: string[] = []
  const trace: string[] = []
  let counter = 0
  let transactions = 0

  const put = (layer: PlayedLayer, index: number): void => {
    const document = { n: ++counter, shared: random() < 0.5 ? counter * 10 + index : undefined }
    layer.held.set(document.n, document)
    layer.current = document
    layer.isSound = true
    layer.store.put(textOf(index, document))
  }
  for (let index = 0; index < LAYERS; index++) {
    const layer: PlayedLayer = { store: memorySource(), held: new Map(), current: undefined, isSound: false }
    played.push(layer)
    put(layer, index)
  }

  const source = layers(
    played.map(({ store }, index) => ({ source: store, name: `l${index}`, optional: index === OPTIONAL })),
  )
  const reloader = createReloader({ source, schema: Config, clock, random, sourceBackoff: { minMs: 50, maxMs: 2_000 } })
  const newest = Array<number>(LAYERS).fill(0)

  /** Checks a config that has just become the serving one. */
  const check = (config: z.infer<typeof Config>): void => {
    let shared: number | undefined
    for (const [index, { held }] of played.entries()) {
      const n = [config.l0, config.l1, config.l2][index]?.n
      if (n === undefined) {
        if (index !== OPTIONAL) violations.push(`layer ${index} is missing in a config that serves`)
        continue
      }
      if (n < (newest[index] ?? 0)) violations.push(`layer ${index} goes back from ${newest[index]} to ${n}`)
      newest[index] = n
      const document = held.get(n)
      if (document === undefined) violations.push(`layer ${index} has never held ${n}`)
      shared = document?.shared ?? shared
    }
    if (config.shared?.value !== shared) violations.push(`shared is ${config.shared?.value} and not ${shared}`)
  }
  reloader.subscribe(
    (config) => config,
    (config) => config !== undefined && check(config),
  )
  const records = reloader.transactions()
  const counting = (async () => {
    for await (const { outcome } of records) {
      transactions += 1
      trace.push(outcome)
    }
  })()

  const steps: Readonly<Record<string, () => unknown>> = {
    put: () => {
      const index = Math.floor(random() * LAYERS)
      put(played[index] as PlayedLayer, index)
    },
    'put two': async () => {
      const first = Math.floor(random() * LAYERS)
      for (const index of [first, (first + 1) % LAYERS]) {
        put(played[index] as PlayedLayer, index)
        await clock.advance(Math.floor(random() * 40))
      }
    },
    fault: () => {
      const name = pick(Object.keys(faults))
      trace.push(name)
      faults[name]?.(pick(played).store)
    },
    heal: () => pick(played).store.heal(),
    wipe: () => {
      const index = Math.floor(random() * LAYERS)
      played[index]?.store.wipe()
      put(played[index] as PlayedLayer, index)
    },
    break: () => {
      const layer = pick(played)
      layer.isSound = false
      layer.store.put(pick(['{', '', '[]', '{"shared":1}', '{"l0":{"n":1},"l0":{}}']))
    },
    delete: () => {
      const layer = pick(played)
      layer.current = undefined
      layer.isSound = layer === played[OPTIONAL]
      layer.store.delete()
    },
    reload: () => void reloader.reload().catch(() => {}),
    wait: () => clock.advance(Math.floor(random() ** 3 * 10_000)),
  }
  const names = [
    'put',
    'put',
    'put',
    'put',
    'put two',
    'put two',
    'fault',
    'fault',
    'heal',
    'wipe',
    'break',
    'delete',
    'reload',
    'wait',
    'wait',
  ]

  const starting = reloader.start({ waitForDocument: true })
  await clock.advance(5_000)
  await starting
  check(reloader.config as z.infer<typeof Config>)
  for (let step = 0; step < STEPS; step++) {
    const name = pick(names)
    trace.push(name)
    await steps[name]?.()
    await clock.advance(Math.floor(random() * 400))
  }

  for (const { store } of played) store.heal()
  for (const [index, layer] of played.entries()) if (!layer.isSound) put(layer, index)
  await clock.advance(120_000)
  const expected = Object.assign(
    {},
    ...played.map(({ current }, index) => (current === undefined ? {} : textOf(index, current))),
  )
  const served: object = reloader.config
  if (!isSame(served, expected))
    violations.push(`${JSON.stringify(served)} serves, and not ${JSON.stringify(expected)}`)
  const { inSync, source: status } = reloader.status()
  if (!inSync) violations.push('the reloader is not in sync in the end')
  if (status.layers?.some(({ stale }) => stale !== undefined) !== false) violations.push('a layer is stale in the end')

  const before = transactions
  for (const index of [0, 1]) put(played[index] as PlayedLayer, index)
  await clock.advance(10_000)
  if (transactions !== before + 1)
    violations.push(`two changes at one moment made ${transactions - before} transactions`)

  const closing = reloader.close()
  await clock.advance(60_000)
  await closing
  await counting
  if (clock.pending() > 0) violations.push(`${clock.pending()} timers are left after the close`)
  const open = played.reduce((sum, { store }) => sum + store.watches, 0)
  if (open > 0) violations.push(`${open} watches are left after the close`)
  return { transactions, violations, trace }
}

const isSame = (a: object, b: object): boolean => sorted(a) === sorted(b)

const sorted = (value: object): string => JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
