import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** What stands between a service and its server, and breaks in the ways that the faults ask for. */
export interface Gate {
  readonly port: number
  /** Connections that were accepted so far, those reset at once included. */
  readonly attempts: () => number
  /** Resets what is open, and from now on every connection as soon as it is there. */
  readonly reset: () => void
  /** Resets what is open and refuses connections. */
  readonly refuse: () => Promise<void>
  /** Passes everything on again. */
  readonly heal: () => Promise<void>
  /** The next HTTP/2 request that a client begins resets all connections instead. */
  readonly failNextRequest: () => void
  /** Requests failed so. */
  readonly failed: () => number
  readonly close: () => Promise<void>
}

const HEADER_BYTES = 9
const HEADERS_FRAME = 1

/** True where a chunk from a client holds a HEADERS frame: a request begins. */
const beginsRequest = (chunk: Buffer): boolean => {
  for (let at = 0; at + HEADER_BYTES <= chunk.length; at += HEADER_BYTES + chunk.readUIntBE(at, 3)) {
    if (chunk[at + 3] === HEADERS_FRAME) return true
  }
  return false
}

export const startGate = async (targetPort: number): Promise<Gate> => {
  const sockets = new Set<Socket>()
  let mode: 'pass' | 'reset' = 'pass'
  let attempts = 0
  let isArmed = false
  let failed = 0
  let server: Server | undefined

  const cut = (): void => {
    for (const socket of [...sockets]) socket.resetAndDestroy()
  }
  const join = (client: Socket): void => {
    const upstream = connect({ host: '127.0.0.1', port: targetPort, noDelay: true })
    const part = (): void => {
      for (const socket of [client, upstream]) {
        sockets.delete(socket)
        socket.destroy()
      }
    }
    for (const socket of [client, upstream]) sockets.add(socket.on('error', part).on('close', part))
    client.on('data', (chunk) => {
      if (!isArmed || !beginsRequest(chunk)) return void upstream.write(chunk)
      isArmed = false
      failed += 1
      cut()
    })
    upstream.on('data', (chunk) => client.write(chunk))
  }
  const listen = async (port: number): Promise<Server> => {
    const made = createServer({ noDelay: true }, (client) => {
      attempts += 1
      client.on('error', () => undefined)
      if (mode === 'reset') client.resetAndDestroy()
      else join(client)
    }).listen(port, '127.0.0.1')
    await once(made, 'listening')
    return made
  }
  const refuse = async (): Promise<void> => {
    const closed = server && once(server, 'close')
    server?.close()
    server = undefined
    cut()
    await closed
  }

  server = await listen(0)
  const { port } = server.address() as AddressInfo
  return {
    port,
    attempts: () => attempts,
    reset: () => {
      mode = 'reset'
      cut()
    },
    refuse,
    heal: async () => {
      mode = 'pass'
      server ??= await listen(port)
    },
    failNextRequest: () => {
      isArmed = true
    },
    failed: () => failed,
    close: refuse,
  }
}
