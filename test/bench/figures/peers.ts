import { type ChildProcess, fork } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Etcd3 } from 'etcd3'
import type { Target } from '../../scoreboard/model.ts'
import { fileStore } from '../../scoreboard/stores/file.ts'
import { nacosStore } from '../../scoreboard/stores/nacos.ts'
import { configOf, type Store } from '../../scoreboard/stores/store.ts'
import { freePorts, startEtcd } from '../../support/etcd-server.ts'
import { atMost, type Figure, type Measure } from '../figure.ts'
import type { PeerMessage } from '../peer-child.ts'
import { median } from '../stats.ts'

/** A store, as far as it is needed here. */
type Puts = Pick<Store, 'put' | 'stop'> & { readonly target: Target }

interface Contestant {
  readonly id: string
  readonly title: string
  readonly open: (folder: string) => Promise<Puts>
}

/** The scoreboard's etcd is behind a gate, which would add the same to both sides. */
const openEtcd = async (folder: string): Promise<Puts> => {
  const server = await startEtcd()
  const admin = new Etcd3({ hosts: server.endpoint })
  const key = 'service'
  return {
    target: { endpoint: server.endpoint, key, folder },
    put: async (version) => admin.put(key).value(JSON.stringify(configOf(version))),
    stop: async () => {
      admin.close()
      await server.stop()
    },
  }
}

const ours: Contestant = { id: 'changeover-etcd', title: 'Changeover, etcd', open: openEtcd }
const raw: Contestant = { id: 'etcd3', title: 'etcd3 watch', open: openEtcd }
const others: readonly Contestant[] = [
  { id: 'changeover-file', title: 'Changeover, file', open: (folder) => fileStore(folder, 'service.json') },
  { id: 'c12', title: 'c12, file', open: (folder) => fileStore(folder, 'service.yaml') },
  { id: 'nacos', title: 'nacos, stand-in', open: nacosStore },
]

const LIMIT_MS = 10_000
/** So far apart that no library takes them for a burst. */
const SPACING_MS = 30

const messageOf = <Kind extends PeerMessage['kind']>(
  child: ChildProcess,
  isWanted: (message: PeerMessage) => message is Extract<PeerMessage, { kind: Kind }>,
): Promise<Extract<PeerMessage, { kind: Kind }>> =>
  new Promise((resolve, reject) => {
    const end = (): void => {
      clearTimeout(timer)
      child.off('message', onMessage).off('exit', onExit)
    }
    const onMessage = (message: unknown): void => {
      if (!isWanted(message as PeerMessage)) return
      end()
      resolve(message as Extract<PeerMessage, { kind: Kind }>)
    }
    const fail = (why: string) => (): void => {
      end()
      reject(new Error(why))
    }
    const onExit = fail('A service has ended')
    const timer = setTimeout(fail('A service does not serve what was put'), LIMIT_MS)
    child.on('message', onMessage).on('exit', onExit)
  })

/** A service in a process of its own, and the store that it follows. */
const startService = async ({ id, open }: Contestant) => {
  const folder = await mkdtemp(join(tmpdir(), 'changeover-peers-'))
  const store = await open(folder)
  const [port] = await freePorts(1)
  await store.put(0)
  const child = fork(join(import.meta.dirname, '..', 'peer-child.js'), [id, JSON.stringify(store.target)], {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 2, 'ipc'],
    // Processes on one machine share one nacos client by this port.
    env: { ...process.env, NODE_CLUSTER_CLIENT_PORT: String(port) },
  })
  let version = 0
  const serves = (wanted: number) =>
    messageOf(child, (message): message is Extract<PeerMessage, { kind: 'serves' }> => {
      return message.kind === 'serves' && message.version === wanted
    })
  await serves(0)
  return {
    /** Milliseconds from a put until it serves. */
    change: async (): Promise<number> => {
      await new Promise((resolve) => setTimeout(resolve, SPACING_MS))
      version += 1
      const served = serves(version)
      const started = process.hrtime.bigint()
      await store.put(version)
      return Number(BigInt((await served).at) - started) / 1e6
    },
    /** Resident memory after a collection, in MB. */
    memory: async (): Promise<number> => {
      const answer = messageOf(child, (message): message is Extract<PeerMessage, { kind: 'memory' }> => {
        return message.kind === 'memory'
      })
      child.send('memory')
      return (await answer).rss / 1e6
    },
    stop: async (): Promise<void> => {
      child.kill('SIGKILL')
      await store.stop()
      await rm(folder, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}

type Service = Awaited<ReturnType<typeof startService>>

const changes = async (service: Service, count: number): Promise<readonly number[]> => {
  const took: number[] = []
  for (let change = 0; change < count; change++) took.push(await service.change())
  return took
}

export const figure: Figure = {
  title: 'a service that a library configures: from the put until the config serves, and its memory',
  floor: 'raw etcd3 watch, JSON.parse, assignment',
  run: async function* (scale) {
    const [rounds, each, fewer] = scale === 'full' ? [8, 15, 4] : [1, 3, 2]
    // A smoke run is to install nothing.
    const chosen = scale === 'full' ? [ours, raw, ...others] : [ours, raw]
    const services = new Map<Contestant, Service>()
    const took = new Map(chosen.map((contestant) => [contestant, [] as number[]]))
    try {
      for (const contestant of chosen) services.set(contestant, await startService(contestant))
      for (const service of services.values()) await changes(service, fewer) // to warm up
      for (let round = 0; round < rounds; round++) {
        for (const contestant of round % 2 === 0 ? chosen : chosen.toReversed()) {
          const count = contestant === ours || contestant === raw ? each : fewer
          const service = services.get(contestant) as Service
          took.get(contestant)?.push(...(await changes(service, count)))
        }
      }
      const p50 = (contestant: Contestant): number => median(took.get(contestant) ?? [])
      yield* rows('put to serving, p50', 'ms', new Map(chosen.map((one) => [one, p50(one)])))
      const memory = new Map<Contestant, number>()
      for (const [contestant, service] of services) memory.set(contestant, await service.memory())
      yield* rows('resident memory', 'MB', memory)
    } finally {
      for (const service of services.values()) await service.stop()
    }
  },
}

/** Ours with a goal, and the others to compare. Who is first has met it. */
function* rows(what: string, unit: string, values: ReadonlyMap<Contestant, number>): Generator<Measure> {
  const floor = values.get(raw) ?? Number.NaN
  const least = Math.min(...values.values())
  for (const [contestant, value] of values) {
    if (contestant === raw) continue
    const ratio = value / floor
    const isJudged = contestant === ours
    const goal = isJudged
      ? { ...atMost(ratio, 1.25), goal: 'first, or ≤ 1.25×', isMet: value === least || ratio <= 1.25 }
      : { ratio }
    yield { name: `${what}: ${contestant.title}`, unit, value, floor, ...goal }
  }
}
