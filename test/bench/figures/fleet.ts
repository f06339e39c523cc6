import { type ChildProcess, fork } from 'node:child_process'
import { join } from 'node:path'
import { type EtcdServer, startEtcd } from '../../support/etcd-server.ts'
import { answerOf, startWriter } from '../etcd-writer.ts'
import { atMost, type Figure, type Scale } from '../figure.ts'
import { Load, PER_SECOND } from '../http-service.ts'
import { type Paired, pairs, spreadOf, together } from '../pairs.ts'
import { documentOf } from '../three-modules.ts'

const SPACING_MS = 1_000

interface Plan {
  /** How many processes of each side. */
  readonly services: number
  /** Of each process. */
  readonly rounds: number
  readonly phaseMs: number
}

const plans: Readonly<Record<Scale, Plan>> = {
  full: { services: 3, rounds: 2, phaseMs: 3_000 },
  smoke: { services: 1, rounds: 1, phaseMs: 1_000 },
}

const modes = ['fleet', 'alone'] as const

/** A service in a process of its own. */
class Service {
  readonly mode: (typeof modes)[number]
  readonly #child: ChildProcess

  constructor(mode: (typeof modes)[number], { endpoint }: EtcdServer) {
    this.mode = mode
    this.#child = fork(join(import.meta.dirname, '..', 'service-child.js'), [endpoint, mode, mode], { execArgv: [] })
  }

  port(): Promise<number> {
    return answerOf<number>(this.#child)
  }

  commits(): Promise<number> {
    const answer = answerOf<number>(this.#child)
    this.#child.send('commits')
    return answer
  }

  stop(): void {
    this.#child.disconnect()
  }
}

const compare = async (etcd: EtcdServer, load: Load, { rounds, phaseMs }: Plan): Promise<Paired> => {
  const services = modes.map((mode) => new Service(mode, etcd))
  const ports = await Promise.all(services.map((service) => service.port()))
  const sampler = (index: 0 | 1) => (): Promise<number> =>
    load.p99({ port: ports[index] ?? 0, key: modes[index], everyMs: SPACING_MS, forMs: phaseMs })
  const paired = await pairs(sampler(0), sampler(1), { rounds, warmup: 1 })
  for (const service of services) {
    if ((await service.commits()) < rounds) throw new Error(`The service "${service.mode}" did not reload`)
    service.stop()
  }
  return paired
}

export const figure: Figure = {
  title: 'the 99th percentile of an HTTP service that is a member of a fleet, with a change a second, under load',
  floor: 'the same service without the option fleet',
  run: async (scale) => {
    const plan = plans[scale]
    const etcd = await startEtcd()
    const writer = await startWriter(etcd.endpoint)
    const load = new Load(writer)
    for (const mode of modes) await etcd.admin(async (client) => client.put(mode).value(documentOf(0, 0n)))
    try {
      const samples: Paired[] = []
      for (let count = 0; count < plan.services; count += 1) samples.push(await compare(etcd, load, plan))
      const paired = together(samples)
      const note = `${PER_SECOND} requests a second; ${spreadOf(paired, `${samples.length} processes each:`)}`
      const { ours: value, floor, ratio } = paired
      return [{ name: 'p99 of requests', unit: 'ms', value, floor, ...atMost(ratio, 1.02), note }]
    } finally {
      load.stop()
      await writer.stop()
      await etcd.stop()
    }
  },
}
