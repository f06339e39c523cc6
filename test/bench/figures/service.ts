import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { etcdSource } from 'changeover/etcd'
import { startEtcd } from '../../support/etcd-server.ts'
import { answerOf, startWriter } from '../etcd-writer.ts'
import { atMost, type Figure } from '../figure.ts'
import { collectGarbage } from '../pairs.ts'
import type { LoadOrder, LoadResult } from '../load-child.ts'
import { median, quantile } from '../stats.ts'
import { documentOf, threeModules } from '../three-modules.ts'

const KEY = 'config'
/** Takes the puts of the idle phases, so that etcd and the writer load the machine as much in both. */
const OTHER_KEY = 'nobody-watches'
const PER_SECOND = 1_000
const RELOAD_EVERY_MS = 50

interface Phase {
  readonly p99: number
  readonly loopP99: number
  readonly requests: number
}

export const figure: Figure = {
  title: 'the 99th percentile of an HTTP service that reloads 20 times a second, under load',
  floor: 'the same service idle',
  run: async (scale) => {
    const [rounds, phaseMs] = scale === 'full' ? [15, 4_000] : [1, 500]
    const etcd = await startEtcd()
    const writer = await startWriter(etcd.endpoint)
    await etcd.admin(async (client) => client.put(KEY).value(documentOf(0, 0n)))
    const reloader = threeModules({ source: etcdSource({ hosts: etcd.endpoint, key: KEY }) })
    await reloader.start()
    const server = createServer((_, response) => {
      const { config, modules } = reloader
      const body = { level: config.log.level, size: modules.client.current.size, isOpen: modules.client.current.isOpen }
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const load = fork(join(import.meta.dirname, '..', 'load-child.js'), { execArgv: [] })
    const port = (server.address() as AddressInfo).port

    const phase = async (key: string): Promise<Phase> => {
      collectGarbage()
      const loop = monitorEventLoopDelay({ resolution: 1 })
      const answer = answerOf<LoadResult>(load)
      loop.enable()
      load.send({ port, perSecond: PER_SECOND, forMs: phaseMs } satisfies LoadOrder)
      const count = Math.floor(phaseMs / RELOAD_EVERY_MS)
      await writer.write({ kind: 'spaced', keys: [key], count, spacingMs: RELOAD_EVERY_MS })
      const { latencies, failed } = await answer
      loop.disable()
      if (failed > 0) throw new Error(`${failed} requests failed`)
      return { p99: quantile(latencies, 0.99), loopP99: loop.percentile(99) / 1e6, requests: latencies.length }
    }

    try {
      const samples: { idle: Phase; busy: Phase }[] = []
      let reloads = 0
      for (let round = -1; round < rounds; round++) {
        const before = reloader.status().counters.committed
        const [first, second] = round % 2 === 0 ? [KEY, OTHER_KEY] : [OTHER_KEY, KEY]
        const [one, two] = [await phase(first), await phase(second)]
        if (round < 0) continue // to warm up
        samples.push(first === KEY ? { busy: one, idle: two } : { idle: one, busy: two })
        reloads += reloader.status().counters.committed - before
      }
      const of = (value: (sample: { idle: Phase; busy: Phase }) => number) => median(samples.map(value))
      if (reloads === 0) throw new Error('It never reloaded')
      const perSecond = reloads / (rounds * (phaseMs / 1_000))
      const added = of(({ busy, idle }) => busy.loopP99 - idle.loopP99)
      return [
        {
          name: 'p99 of requests',
          unit: 'ms',
          value: of(({ busy }) => busy.p99),
          floor: of(({ idle }) => idle.p99),
          ...atMost(
            of(({ busy, idle }) => busy.p99 / idle.p99),
            1.2,
          ),
          note: `${PER_SECOND} requests and ${perSecond.toFixed(1)} reloads a second, ${rounds} phases of ${phaseMs / 1_000} s each way`,
        },
        {
          name: 'p99 of the event-loop delay',
          unit: 'ms',
          value: of(({ busy }) => busy.loopP99),
          floor: of(({ idle }) => idle.loopP99),
          goal: '≤ 2 ms more',
          isMet: added <= 2,
          note: `${added < 0 ? '' : '+'}${added.toFixed(2)} ms`,
        },
      ]
    } finally {
      load.disconnect()
      server.closeAllConnections()
      server.close()
      await Promise.all([reloader.close(), writer.stop()])
      await etcd.stop()
    }
  },
}
