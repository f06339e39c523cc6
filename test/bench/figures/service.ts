import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { etcdSource } from 'changeover/etcd'
import { startEtcd } from '../../support/etcd-server.ts'
import { startWriter } from '../etcd-writer.ts'
import { atMost, type Figure } from '../figure.ts'
import { Load, PER_SECOND, serve } from '../http-service.ts'
import { median } from '../stats.ts'
import { documentOf, threeModules } from '../three-modules.ts'
import { watchByHand } from '../watch-by-hand.ts'

const KEY = 'config'
/** What the service follows by hand. */
const FLOOR_KEY = 'floor'

interface Phase {
  readonly p99: number
  readonly loopP99: number
}

interface Compared {
  readonly ours: number
  readonly floor: number
  readonly ratio: number
  /** What reloads add to the event-loop delay. */
  readonly added: number
}

export const figure: Figure = {
  title: 'the 99th percentile of an HTTP service that reloads, under load',
  floor: 'the same service and as many changes, followed by a raw etcd3 watch with parse and schema',
  run: async function* (scale) {
    const phaseMs = scale === 'full' ? 4_000 : 1_000
    const etcd = await startEtcd()
    const writer = await startWriter(etcd.endpoint)
    await etcd.admin(async (client) => client.put(KEY).value(documentOf(0, 0n)))
    const reloader = threeModules({ source: etcdSource({ hosts: etcd.endpoint, key: KEY }) })
    await reloader.start()
    const server = serve(reloader)
    const stopWatching = await watchByHand(etcd.endpoint, FLOOR_KEY)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const load = new Load(writer)
    const port = (server.address() as AddressInfo).port

    const phase = async (key: string, everyMs: number): Promise<Phase> => {
      const loop = monitorEventLoopDelay({ resolution: 1 })
      loop.enable()
      const p99 = await load.p99({ port, key, everyMs, forMs: phaseMs })
      loop.disable()
      return { p99, loopP99: loop.percentile(99) / 1e6 }
    }

    /** Phases of ours and of the floor in turn. */
    const compare = async (everyMs: number, rounds: number): Promise<Compared> => {
      const samples: { readonly floor: Phase; readonly ours: Phase }[] = []
      const before = reloader.status().counters.committed
      for (let round = 0; round < rounds; round++) {
        const [first, second] = round % 2 === 0 ? [KEY, FLOOR_KEY] : [FLOOR_KEY, KEY]
        const [one, two] = [await phase(first, everyMs), await phase(second, everyMs)]
        samples.push(first === KEY ? { ours: one, floor: two } : { floor: one, ours: two })
      }
      if (reloader.status().counters.committed === before) throw new Error('It never reloaded')
      const of = (value: (sample: { floor: Phase; ours: Phase }) => number) => median(samples.map(value))
      return {
        ours: of(({ ours }) => ours.p99),
        floor: of(({ floor }) => floor.p99),
        ratio: of(({ ours, floor }) => ours.p99 / floor.p99),
        added: of(({ ours, floor }) => ours.loopP99 - floor.loopP99),
      }
    }
    const shown = ({ ours, floor }: Compared) => ({ unit: 'ms', value: ours, floor }) as const
    const rounds = scale === 'full' ? 4 : 1

    try {
      await phase(KEY, 50) // to warm up
      const once = await compare(Math.min(1_000, phaseMs / 2), rounds)
      const note = `${PER_SECOND} requests a second, ${rounds} phases of ${phaseMs / 1_000} s each way`
      yield { name: 'p99, one reload a second', ...shown(once), ...atMost(once.ratio, 1.1), note }
      const twenty = await compare(50, Math.ceil(rounds / 2))
      const added = `event-loop delay, p99: ${twenty.added < 0 ? '' : '+'}${twenty.added.toFixed(2)} ms`
      yield { name: 'p99, 20 reloads a second', ...shown(twenty), ratio: twenty.ratio, note: added }
    } finally {
      load.stop()
      server.closeAllConnections()
      server.close()
      await Promise.all([reloader.close(), stopWatching(), writer.stop()])
      await etcd.stop()
    }
  },
}
