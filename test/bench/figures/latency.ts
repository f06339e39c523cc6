import { etcdSource } from 'changeover/etcd'
import { Etcd3 } from 'etcd3'
import { startEtcd } from '../../support/etcd-server.ts'
import { startWriter } from '../etcd-writer.ts'
import { atMost, type Figure, type Measure } from '../figure.ts'
import { median, quantile } from '../stats.ts'
import { type Config, documentOf, threeModules } from '../three-modules.ts'
import { watchWithMachines } from '../watch-by-hand.ts'

const OURS = 'ours'
const FLOOR = 'floor'
const MACHINES = 'machines'

/** A config changes now and then: the spacing is above what a reloader takes for a burst, and each side gets every third put. */
const SPACING_MS = 30

/** Milliseconds since the writer took the time, just before its put; both clocks are the system's monotonic one. */
const since = (at: string): number => Number(process.hrtime.bigint() - BigInt(at)) / 1e6

/** What many services do by hand: a watch, a parse, an assignment. */
const watchByHand = async (endpoint: string, onConfig: (config: Config) => void) => {
  const client = new Etcd3({ hosts: endpoint })
  const watcher = await client.watch().key(FLOOR).create()
  watcher.on('put', (entry) => onConfig(JSON.parse(entry.value.toString()) as Config))
  return async (): Promise<void> => {
    watcher.removeAllListeners()
    watcher.on('error', () => undefined)
    await watcher.cancel()
    client.close()
  }
}

export const figure: Figure = {
  title: 'an etcd put until the commit tick of three modules (pino level, timer, resource)',
  floor: 'raw etcd3 watch, JSON.parse, assignment',
  run: async (scale) => {
    const [count, warmup] = scale === 'full' ? [450, 100] : [30, 5]
    const etcd = await startEtcd()
    const writer = await startWriter(etcd.endpoint)
    const took = { ours: [] as number[], floor: [] as number[], machines: [] as number[] }
    let served: Config | undefined
    await etcd.admin(async (client) => client.put(OURS).value(documentOf(0, 0n)))
    const reloader = threeModules({ source: etcdSource({ hosts: etcd.endpoint, key: OURS }) })
    await reloader.start()
    reloader.subscribe(
      ({ at }) => at,
      (at = '') => void took.ours.push(since(at)),
    )
    const stopWatching = await watchByHand(etcd.endpoint, (config) => {
      served = config
      took.floor.push(since(served.at))
    })
    const stopMachines = await watchWithMachines(etcd.endpoint, MACHINES, ({ at }) => {
      took.machines.push(since(at))
    })
    const keys = [OURS, FLOOR, MACHINES]
    try {
      await writer.write({ kind: 'spaced', keys, count: keys.length * (count + warmup), spacingMs: SPACING_MS })
      await new Promise((resolve) => setTimeout(resolve, 200))
    } finally {
      await Promise.all([reloader.close(), stopWatching(), stopMachines(), writer.stop()])
      await etcd.stop()
    }
    for (const samples of Object.values(took)) {
      if (samples.length < count) throw new Error(`${samples.length} of ${count} puts were seen`)
      samples.splice(0, samples.length - count)
    }
    const measure = (name: string, of: number, limit: number): Measure => {
      const [value, floor] = [quantile(took.ours, of), quantile(took.floor, of)]
      return { name, unit: 'ms', value, floor, ...atMost(value / floor, limit), note: `${count} puts each` }
    }
    const [alone, floor] = [median(took.machines), median(took.floor)]
    const ofMachines: Measure = {
      name: 'of it the schema and two bare machines, p50',
      unit: 'ms',
      value: alone,
      floor,
      ratio: alone / floor,
      note: 'raw etcd3 watch; XState; work that does nothing',
    }
    return [measure('p50', 0.5, 1.25), measure('p99', 0.99, 1.25), ofMachines]
  },
}
