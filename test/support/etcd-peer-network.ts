import { once } from 'node:events'
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

// A proxy in front of a member cannot cut it off, since the member also connects to the others. So the members know each
// other by addresses that do not exist, and each connects through an HTTP proxy of its own, which etcd takes from its
// environment. The proxy knows the sender and the request names the receiver, so every directed pair can be cut.

const PEER_PORT = 2380

/** The network between the members of a cluster. */
export interface PeerNetwork {
  /** The address by which the others know a member: one reserved for documentation, which is never connected to. */
  readonly addressOf: (member: number) => string
  /** The environment variables of the member's process. */
  readonly environmentOf: (member: number) => Readonly<Record<string, string>>
  /** Cuts a member off from all others, in both directions: connections break, and new ones are refused. */
  readonly isolate: (member: number) => void
  /** Connects all members again. */
  readonly rejoin: () => void
  readonly close: () => void
}

interface Link {
  isCut: boolean
  readonly open: Set<ServerResponse>
}

/** Starts the network for the members that listen on these peer ports. */
export const startPeerNetwork = async (peerPorts: readonly number[]): Promise<PeerNetwork> => {
  const members = peerPorts.map((_, member) => member)
  const links = members.map(() => members.map((): Link => ({ isCut: false, open: new Set() })))
  const addressOf = (member: number): string => `http://192.0.2.${member + 1}:${PEER_PORT}`

  const forward = (from: number, incoming: IncomingMessage, response: ServerResponse): void => {
    const url = new URL(incoming.url ?? '', addressOf(from))
    const to = Number(url.hostname.split('.').at(-1)) - 1
    const link = links[from]?.[to]
    response.on('error', () => undefined)
    if (link === undefined || link.isCut) return void incoming.socket.destroy()
    link.open.add(response)
    const { method, headers } = incoming
    const path = url.pathname + url.search
    // Without keep-alive, since a cut pair must not talk through an old connection.
    const outgoing = request({ host: '127.0.0.1', port: peerPorts[to], method, path, headers, agent: false })
    outgoing
      .on('error', () => response.destroy())
      .on('response', (upstream) => {
        response.writeHead(upstream.statusCode ?? 502, upstream.headers)
        response.flushHeaders() // a stream may send nothing for a long time
        upstream.on('error', () => response.destroy()).pipe(response)
      })
    incoming.on('error', () => outgoing.destroy()).pipe(outgoing)
    response.on('close', () => {
      link.open.delete(response)
      outgoing.destroy()
    })
  }

  const servers: Server[] = members.map((member) => {
    const server = createServer((incoming, response) => forward(member, incoming, response))
    // Streams never end, and are idle while nothing is written.
    server.requestTimeout = server.headersTimeout = server.timeout = 0
    return server.on('clientError', (_, socket) => socket.destroy()).listen(0, '127.0.0.1')
  })
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const proxies = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`)

  const cut = (link: Link | undefined): void => {
    if (link === undefined) return
    link.isCut = true
    for (const response of link.open) response.socket?.destroy()
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
