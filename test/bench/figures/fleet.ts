import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { startEtcd } from '../../support/etcd-server.ts'
import { answerOf, startWriter } from '../etcd-writer.ts'
import { atMost, type Figure } from '../figure.ts'
import type { LoadOrder, LoadResult } from '../load-child.ts'
import { pairs, spreadOf } from '../pairs.ts'
import { quantile } from '../stats.ts'
import { documentOf } from '../three-modules.ts'

const PER_SECOND = 1_000
const SPACING_MS = 1_000

const startChild = (name: string, ...args: string[]): ChildProcess =>
  fork(join(import.meta.dirname, '..', `${name}.js`), args, { execArgv: [] })

const commitsOf = (service: ChildProcess): Promise<number> => {
  const answer = answerOf<number>(service)
  service.send('commits')
  return answer
}

export const figure: Figure = {
  title: 'the 99th percentile of an HTTP service that is a member of a fleet, with a change a second, under load',
  floor: 'the same service without the option fleet',
  run: async (scale) => {
    const [rounds, phaseMs] = scale === 'full' ? [7, 4_000] : [1, 1_000]
    const etcd = await startEtcd()
    const writer = await startWriter(etcd.endpoint)
    const load = startChild('load-child')
    const modes = ['fleet', 'alone'] as const
    for (const mode of modes) await etcd.admin(async (client) => client.put(mode).value(documentOf(0, 0n)))
    const services = modes.map((mode) => ({ mode, child: startChild('service-child', etcd.endpoint, mode, mode) }))
    const ports = await Promise.all(services.map(({ child }) => answerOf<number>(child)))

    const sampler = (index: 0 | 1) => async (): Promise<number> => {
      const answer = answerOf<LoadResult>(load)
      load.send({ port: ports[index] ?? 0, perSecond: PER_SECOND, forMs: phaseMs } satisfies LoadOrder)
      const count = Math.floor(phaseMs / SPACING_MS)
      await writer.write({ kind: 'spaced', keys: [modes[index]], count, spacingMs: SPACING_MS })
      const { latencies, failed } = await answer
      if (failed > 0) throw new Error(`${failed} requests failed`)
      return quantile(latencies, 0.99)
    }

    try {
      const paired = await pairs(sampler(0), sampler(1), { rounds, warmup: 1 })
      for (const { mode, child } of services) {
        if ((await commitsOf(child)) < rounds) throw new Error(`The service "${mode}" did not reload`)
      }
      const { ours: value, floor, ratio } = paired
      const note = `${PER_SECOND} requests a second; ${spreadOf(paired)}`
      return [{ name: 'p99 of requests', unit: 'ms', value, floor, ...atMost(ratio, 1.02), note }]
    } finally {
      for (const { child } of services) child.disconnect()
      load.disconnect()
      await writer.stop()
      await etcd.stop()
    }
  },
}
