import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** A TCP proxy that can fail as networks do. */
export interface TcpProxy {
  readonly port: number
  /** Connections accepted so far. */
  readonly accepted: () => number
  /** Connections open now. */
  readonly open: () => number
  /** Refuses new connections; open ones continue. */
  readonly refuse: () => Promise<void>
  /** Resets all open connections. */
  readonly cut: () => void
  /** Forwards nothing, in either direction. New connections are accepted and get no data. */
  readonly blackHole: () => void
  /** Delays all data by this many milliseconds. */
  readonly delay: (ms: number) => void
  /** Ends all faults. Data that a black hole has held is forwarded. */
  readonly heal: () => Promise<void>
  /** Connects new clients to another port of 127.0.0.1. */
  readonly retarget: (port: number) => void
  readonly close: () => Promise<void>
}

interface Pair {
  readonly client: Socket
  readonly upstream: Socket
}

/** Starts a proxy on a free port of 127.0.0.1, for `targetPort` of 127.0.0.1. */
export const startProxy = async (targetPort: number): Promise<TcpProxy> => {
  const pairs = new Set<Pair>()
  const waiting = new Set<Socket>()
  let target = targetPort
  let accepted = 0
  let delayMs = 0
  let isBlackHole = false
  let server: Server | undefined

  const forward = (from: Socket, to: Socket): void => {
    // Sequential, so that the order stays when the delay changes.
    let passed = Promise.resolve()
    const pass = (action: () => void): void => {
      const due = performance.now() + delayMs
      passed = passed.then(async () => {
        const wait = due - performance.now()
        if (wait > 0 && delayMs > 0) await new Promise((resolve) => setTimeout(resolve, wait))
        if (!to.destroyed) action()
      })
    }
    from.on('data', (chunk) => pass(() => to.write(chunk))).on('end', () => pass(() => to.end()))
  }

  const join = (client: Socket): void => {
    const pair = { client, upstream: connect({ host: '127.0.0.1', port: target, noDelay: true }) }
    pairs.add(pair)
    const disconnect = (): void => {
      pairs.delete(pair)
      pair.client.destroy()
      pair.upstream.destroy()
    }
    for (const socket of [pair.client, pair.upstream]) socket.on('error', disconnect).on('close', disconnect)
    forward(client, pair.upstream)
    forward(pair.upstream, client)
  }

  const onConnection = (client: Socket): void => {
    accepted += 1
    if (!isBlackHole) return join(client)
    waiting.add(client)
    client.on('error', () => client.destroy()).on('close', () => waiting.delete(client))
  }

  const listen = async (port: number): Promise<Server> => {
    const made = createServer({ noDelay: true, pauseOnConnect: false }, onConnection)
    made.listen(port, '127.0.0.1')
    await once(made, 'listening')
    return made
  }

  const refuse = async (): Promise<void> => {
    // Not awaited, since `close` waits for open connections.
    server?.close()
    server = undefined
  }
  const cut = (): void => {
    for (const { client, upstream } of [...pairs]) {
      client.resetAndDestroy()
      upstream.resetAndDestroy()
    }
    for (const client of [...waiting]) client.resetAndDestroy()
  }

  server = await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    accepted: () => accepted,
    open: () => pairs.size + waiting.size,
    refuse,
    cut,
    blackHole: () => {
      isBlackHole = true
      for (const { client, upstream } of pairs) {
        client.pause()
        upstream.pause()
      }
    },
    delay: (ms) => {
      delayMs = ms
    },
    heal: async () => {
      isBlackHole = false
      delayMs = 0
      server ??= await listen(port)
      for (const { client, upstream } of pairs) {
        client.resume()
        upstream.resume()
      }
      for (const client of [...waiting]) {
        waiting.delete(client)
        join(client)
      }
    },
    retarget: (other) => {
      target = other
    },
    close: async () => {
      await refuse()
      cut()
    },
  }
}
