import { etcdSource } from 'changeover/etcd'
import { startEtcd } from '../../support/etcd-server.ts'
import { startWriter } from '../etcd-writer.ts'
import { atMost, type Figure } from '../figure.ts'
import { quantile } from '../stats.ts'
import { type Config, documentOf, threeModules } from '../three-modules.ts'
import { watchTexts, watchWithMachines } from '../watch-by-hand.ts'

const OURS = 'ours'
const FLOOR = 'floor'
/** A watch by hand that goes through two bare machines. */
const MACHINES = 'machines'

type Side = typeof OURS | typeof FLOOR | typeof MACHINES

/** A config changes now and then: the spacing is above what a reloader takes for a burst, and each side gets every second put. */
const SPACING_MS = 30

/** Milliseconds since the writer took the time, just before its put; both clocks are the system's monotonic one. */
const since = (at: string): number => Number(process.hrtime.bigint() - BigInt(at)) / 1e6

/** Runs the three sides, and has puts taken by two of them in turn. Returns the latencies of each. */
const withSides = async <Result>(
  use: (measure: (pair: readonly Side[], count: number, warmup: number) => Promise<readonly number[][]>) => Result,
): Promise<Awaited<Result>> => {
  const etcd = await startEtcd()
  const writer = await startWriter(etcd.endpoint)
  const took: Record<Side, number[]> = { ours: [], floor: [], machines: [] }
  const note = (side: Side, at: string) => void took[side].push(since(at))
  await etcd.admin(async (client) => client.put(OURS).value(documentOf(0, 0n)))
  const reloader = threeModules({ source: etcdSource({ hosts: etcd.endpoint, key: OURS }) })
  await reloader.start()
  reloader.subscribe(
    ({ at }) => at,
    (at = '') => note(OURS, at),
  )
  const stops = [
    await watchTexts(etcd.endpoint, FLOOR, (text) => note(FLOOR, (JSON.parse(text) as Config).at)),
    await watchWithMachines(etcd.endpoint, MACHINES, ({ at }) => note(MACHINES, at)),
  ]
  try {
    return await use(async (pair, count, warmup) => {
      for (const side of pair) took[side].length = 0
      await writer.write({ kind: 'spaced', keys: pair, count: pair.length * (count + warmup), spacingMs: SPACING_MS })
      await new Promise((resolve) => setTimeout(resolve, 200))
      return pair.map((side) => {
        if (took[side].length < count) throw new Error(`${took[side].length} of ${count} puts were seen`)
        return took[side].slice(-count)
      })
    })
  } finally {
    await Promise.all([reloader.close(), writer.stop(), ...stops.map((stop) => stop())])
    await etcd.stop()
  }
}

export const figure: Figure = {
  title: 'an etcd put until the commit tick of three modules (pino level, timer, resource)',
  floor: 'raw etcd3 watch, JSON.parse, assignment',
  run: (scale) =>
    withSides(async (measure) => {
      const [count, few, warmup] = scale === 'full' ? [600, 100, 100] : [30, 5, 5]
      const compare = (name: string, of: number, [ours = [], byHand = []]: readonly number[][]) => {
        const [value, floor] = [quantile(ours, of), quantile(byHand, of)]
        return { name, unit: 'ms', value, floor, ratio: value / floor, note: `${ours.length} puts each` }
      }
      const whole = await measure([OURS, FLOOR], count, warmup)
      const machines = await measure([MACHINES, FLOOR], few, warmup)
      const [p50, p99] = [compare('p50', 0.5, whole), compare('p99', 0.99, whole)]
      return [
        { ...p50, ...atMost(p50.ratio, 1.25) },
        { ...p99, ...atMost(p99.ratio, 1.25) },
        compare('raw etcd3 watch, schema and two bare machines, p50', 0.5, machines),
      ]
    }),
}
