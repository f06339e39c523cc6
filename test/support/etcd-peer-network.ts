import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// A proxy in front of a member does not cut it off: its own dials to the others keep the heartbeats. So the members
// know each other by addresses that nobody has, and each dials through an HTTP proxy of its own, which etcd takes from
// its environment. A proxy then knows who dials, a request says whom, and every directed pair can be parted.

const PEER_PORT = 2380

/** The network between the members of a cluster. */
export interface PeerNetwork {
  /** What a member is called by the others: an address for documentation, which is never dialled. */
  readonly addressOf: (member: number) => string
  /** What the member's process must find in its environment. */
  readonly environmentOf: (member: number) => Readonly<Record<string, string>>
  /** Parts a member from all others, in both directions: connections break, new ones are refused. */
  readonly isolate: (member: number) => void
  /** Ends all parting. */
  readonly rejoin: () => void
  readonly close: () => void
}

interface Link {
  isCut: boolean
  readonly open: Set<ServerResponse>
}

/** Starts the network for members whose peer ports are given. */
export const startPeerNetwork = async (peerPorts: readonly number[]): Promise<PeerNetwork> => {
  const members = peerPorts.map((_, member) => member)
  const links = members.map(() => members.map((): Link => ({ isCut: false, open: new Set() })))
  const addressOf = (member: number): string => `http://192.0.2.${member + 1}:${PEER_PORT}`

  const pass = (from: number, asked: IncomingMessage, answer: ServerResponse): void => {
    const url = new URL(asked.url ?? '', addressOf(from))
    const to = Number(url.hostname.split('.').at(-1)) - 1
    const link = links[from]?.[to]
    answer.on('error', () => undefined)
    if (link === undefined || link.isCut) return void asked.socket.destroy()
    link.open.add(answer)
    const { method, headers } = asked
    const path = url.pathname + url.search
    // No connection is kept: what is parted must not come back through one.
    const onward = request({ host: '127.0.0.1', port: peerPorts[to], method, path, headers, agent: false })
    onward
      .on('error', () => answer.destroy())
      .on('response', (told) => {
        answer.writeHead(told.statusCode ?? 502, told.headers)
        answer.flushHeaders() // a stream may have nothing to say for long
        told.on('error', () => answer.destroy()).pipe(answer)
      })
    asked.on('error', () => onward.destroy()).pipe(onward)
    answer.on('close', () => {
      link.open.delete(answer)
      onward.destroy()
    })
  }

  const servers: Server[] = members.map((member) => {
    const server = createServer((asked, answer) => pass(member, asked, answer))
    // Streams are without end, and idle for as long as nothing is written.
    server.requestTimeout = server.headersTimeout = server.timeout = 0
    return server.on('clientError', (_, socket) => socket.destroy()).listen(0, '127.0.0.1')
  })
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const proxies = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)

  const cut = (link: Link | undefined): void => {
    if (link === undefined) return
    link.isCut = true
    for (const answer of link.open) answer.socket?.destroy()
  }
  return {
    addressOf,
    environmentOf: (member) => {
      const proxy = proxies[member] ?? ''
      return { HTTP_PROXY: proxy, http_proxy: proxy, NO_PROXY: '', no_proxy: '' }
    },
    isolate: (member) => {
      for (const other of members.filter((one) => one !== member)) {
        cut(links[member]?.[other])
        cut(links[other]?.[member])
      }
    },
    rejoin: () => {
      for (const link of links.flat()) link.isCut = false
    },
    close: () => {
      for (const server of servers) server.close().closeAllConnections()
    },
  }
}
