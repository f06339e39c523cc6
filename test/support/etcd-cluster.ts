import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { Etcd3 } from 'etcd3'
import { findEtcd } from './etcd-binary.ts'
import { startPeerNetwork, type PeerNetwork } from './etcd-peer-network.ts'
import { freePorts, createEtcdProcess, type EtcdProcess } from './etcd-process.ts'
import { startProxy, type TcpProxy } from './tcp-proxy.ts'

const SIZE = 3

/** One real member, with a proxy in front of its clients. */
export interface EtcdMember extends EtcdProcess {
  readonly index: number
  /** The address of the member itself. */
  readonly endpoint: string
  /** The address of its proxy. */
  readonly host: string
  readonly proxy: TcpProxy
  /** True if the member considers itself the leader; false if it does not answer. */
  readonly isLeader: () => Promise<boolean>
  /** Cuts it off from the other members, in both directions, until `rejoin`. Clients still reach it. */
  readonly isolate: () => void
}

/** Three real members on 127.0.0.1. */
export interface EtcdCluster {
  readonly members: readonly EtcdMember[]
  /** The addresses of all proxies. */
  readonly hosts: readonly string[]
  /** The addresses of all members themselves. */
  readonly endpoints: readonly string[]
  /** Waits for a leader. */
  readonly leader: () => Promise<EtcdMember>
  /** Connects all members again. */
  readonly rejoin: () => void
  readonly untilHealthy: () => Promise<void>
  /** Kills all members, removes their data and starts them again: a new store behind the old addresses. */
  readonly wipe: () => Promise<void>
  /** Runs `work` with a client of its own, connected directly to the members. */
  readonly admin: <Value>(work: (client: Etcd3) => Promise<Value>) => Promise<Value>
  /** Kills all members and removes their data. */
  readonly stop: () => Promise<void>
}

interface Status {
  readonly header?: { readonly member_id?: string }
  readonly leader?: string
}

const isLeaderAt = async (endpoint: string): Promise<boolean> => {
  try {
    const signal = AbortSignal.timeout(1_000)
    const answer = await fetch(`${endpoint}/v3/maintenance/status`, { method: 'POST', body: '{}', signal })
    const { header, leader } = (await answer.json()) as Status
    return leader !== undefined && leader === header?.member_id
  } catch {
    return false
  }
}

interface MemberSettings {
  readonly binary: string
  readonly folder: string
  readonly network: PeerNetwork
  readonly clientPorts: readonly number[]
  readonly peerPorts: readonly number[]
}

const createMember = async (index: number, settings: MemberSettings): Promise<EtcdMember> => {
  const { binary, folder, network, clientPorts, peerPorts } = settings
  const port = clientPorts[index] ?? 0
  const endpoint = `http://127.0.0.1:${port}`
  const proxy = await startProxy(port)
  const all = peerPorts.map((_, member) => `member-${member}=${network.addressOf(member)}`).join(',')
  const process = createEtcdProcess({
    binary,
    health: endpoint,
    env: network.environmentOf(index),
    flags: [
      ...['--name', `member-${index}`, '--data-dir', join(folder, String(index)), '--initial-cluster', all],
      ...['--listen-client-urls', endpoint, '--advertise-client-urls', endpoint],
      ...['--listen-peer-urls', `http://127.0.0.1:${peerPorts[index]}`],
      ...['--initial-advertise-peer-urls', network.addressOf(index)],
    ],
  })
  return {
    ...process,
    index,
    endpoint,
    host: `http://127.0.0.1:${proxy.port}`,
    proxy,
    isLeader: () => isLeaderAt(endpoint),
    isolate: () => network.isolate(index),
  }
}

/** Starts three members and waits until all are healthy. */
export const startCluster = async (): Promise<EtcdCluster> => {
  const binary = await findEtcd()
  const folder = await mkdtemp(join(tmpdir(), 'changeover-cluster-'))
  const ports = await freePorts(2 * SIZE)
  const peerPorts = ports.slice(SIZE)
  const network = await startPeerNetwork(peerPorts)
  const settings: MemberSettings = { binary, folder, network, clientPorts: ports.slice(0, SIZE), peerPorts }
  const members = await Promise.all(Array.from({ length: SIZE }, (_, index) => createMember(index, settings)))
  const all = async (work: (member: EtcdMember) => Promise<unknown>): Promise<void> => {
    await Promise.all(members.map(work))
  }
  const untilHealthy = (): Promise<void> => all((member) => member.untilHealthy())
  const start = async (): Promise<void> => {
    await all((member) => member.launch())
    await untilHealthy()
  }
  const endpoints = members.map((member) => member.endpoint)
  await start()
  return {
    members,
    hosts: members.map((member) => member.host),
    endpoints,
    leader: async () => {
      for (;;) {
        for (const member of members) if (await member.isLeader()) return member
        await sleep(50)
      }
    },
    rejoin: network.rejoin,
    untilHealthy,
    wipe: async () => {
      await all((member) => member.kill())
      await rm(folder, { recursive: true, force: true })
      await start()
    },
    admin: async (work) => {
      const client = new Etcd3({ hosts: [...endpoints] })
      try {
        return await work(client)
      } finally {
        client.close()
      }
    },
    stop: async () => {
      await all((member) => member.kill())
      await all((member) => member.proxy.close())
      network.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
