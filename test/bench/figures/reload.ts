import { fork } from 'node:child_process'
import { join } from 'node:path'
import { etcdSource } from 'changeover/etcd'
import { startEtcd } from '../../support/etcd-server.ts'
import { answerOf, startWriter } from '../etcd-writer.ts'
import { atMost, type Figure, type Measure, type Scale } from '../figure.ts'
import { processorMs } from '../processor.ts'
import type { Bytes, Times } from '../reload-child.ts'
import { median, quantile } from '../stats.ts'
import { documentOf, threeModules } from '../three-modules.ts'
import { watchByHand, watchWithMachines } from '../watch-by-hand.ts'

const OURS = 'ours'
const FLOOR = 'floor'
const MACHINES = 'machines'
/** A config changes now and then: the caches are cold, and no change is taken for a burst. */
const SPACING_MS = 30

/** So many changes of each side that the engine has compiled what they run. */
const WARMUP = 400

/** Processor time of a change, from etcd's bytes to the record, in phases that alternate with the floor's. */
const processor = async (scale: Scale): Promise<readonly Measure[]> => {
  const [rounds, puts, warmup] = scale === 'full' ? [10, 20, WARMUP] : [1, 5, 5]
  const etcd = await startEtcd()
  const writer = await startWriter(etcd.endpoint)
  await etcd.admin(async (client) => client.put(OURS).value(documentOf(0, 0n)))
  const reloader = threeModules({ source: etcdSource({ hosts: etcd.endpoint, key: OURS }) })
  await reloader.start()
  const seen = { floor: 0, machines: 0 }
  const stopWatching = await watchByHand(etcd.endpoint, FLOOR, ({ client }) => {
    seen.floor = client.size
  })
  const stopMachines = await watchWithMachines(etcd.endpoint, MACHINES, ({ client }) => {
    seen.machines = client.size
  })
  const [ours, floor, machines]: [number[], number[], number[]] = [[], [], []]
  const sides = [
    { key: OURS, served: () => reloader.config.client.size, samples: ours },
    { key: FLOOR, served: () => seen.floor, samples: floor },
    { key: MACHINES, served: () => seen.machines, samples: machines },
  ]
  try {
    const keys = sides.map(({ key }) => key)
    await writer.write({ kind: 'spaced', keys, count: keys.length * warmup, spacingMs: SPACING_MS / 2 })
    for (let round = -1; round < rounds; round++) {
      for (const { key, served, samples } of sides) {
        const started = processorMs()
        const { last } = await writer.write({ kind: 'spaced', keys: [key], count: puts, spacingMs: SPACING_MS })
        while (served() < last) await new Promise((resolve) => setTimeout(resolve, 5))
        if (round >= 0) samples.push((processorMs() - started) / puts)
      }
    }
  } finally {
    await Promise.all([reloader.close(), stopWatching(), stopMachines(), writer.stop()])
    await etcd.stop()
  }
  const beside = (samples: readonly number[]) => ({
    unit: 'ms',
    value: median(samples),
    floor: median(floor),
    ratio: median(samples.map((took, round) => took / (floor[round] ?? Number.NaN))),
  })
  const whole = beside(ours)
  return [
    {
      name: 'processor time',
      ...whole,
      ...atMost(whole.ratio, 2.5),
      note: `${puts} puts a phase, after ${warmup} each way`,
    },
    { name: 'of it two bare machines', ...beside(machines), note: 'XState; the same watch and schema' },
  ]
}

/** What a fresh process tells of itself. */
const ask = async <Told>(scale: Scale, part: 'times' | 'bytes', flags: readonly string[] = []): Promise<Told> => {
  const file = join(import.meta.dirname, '..', 'reload-child.js')
  const child = fork(file, [scale, part], { execArgv: [...flags] })
  const told = await answerOf<Told>(child)
  child.disconnect()
  return told
}

/** So large a young generation that nothing in it is collected. */
const uncollected = ['--min-semi-space-size=64', '--max-semi-space-size=64']

export const figure: Figure = {
  title: 'a reload of three modules (pino level, timer, resource) 30 ms after the one before',
  floor: 'raw etcd3 watch, JSON.parse, schema, assignment',
  run: async function* (scale) {
    yield* await processor(scale)
    const times: Times[] = []
    for (let process = 0; process < (scale === 'full' ? 5 : 1); process++) times.push(await ask<Times>(scale, 'times'))
    const of = (value: number, unit: string, limit: number, note: string) =>
      ({ unit, value, goal: `≤ ${limit} ${unit}`, isMet: value <= limit, note }) as const
    const commit = median(times.map(({ commitMs }) => commitMs))
    yield { name: 'from the source to the commit', unit: 'ms', value: commit, note: 'a source in memory' }
    const blocks = times.flatMap(({ blockMs }) => blockMs)
    yield {
      name: 'longest block, p99',
      ...of(quantile(blocks, 0.99), 'ms', 1, 'of the event loop, a source in memory'),
    }
    yield { name: 'longest block, p50', unit: 'ms', value: median(blocks) }
    const first = median(times.map(({ firstMs }) => firstMs))
    yield { name: 'the first after a start', ...of(first, 'ms', 5, 'a source in memory') }
    const { allocatedKb: allocated, machinesKb: floor } = await ask<Bytes>(scale, 'bytes', uncollected)
    const note = 'three trivial modules; floor: two of the machines, with work that does nothing'
    yield { name: 'allocated', ...of(allocated, 'kB', 80, note), floor, ratio: allocated / floor }
  },
}
