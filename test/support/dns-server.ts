import { createSocket } from 'node:dgram'
import { once } from 'node:events'

const HEADER_BYTES = 12
const RESPONSE = 0x8180
const NO_SUCH_NAME = 3

/** A name server that knows only what it is told. It answers questions for IPv4 addresses. */
export interface DnsServer {
  /** For `Resolver.setServers`. */
  readonly address: string
  readonly addName: (name: string, ip: string) => void
  readonly close: () => void
}

export const startDns = async (): Promise<DnsServer> => {
  const names = new Map<string, string>()
  const socket = createSocket('udp4')
  socket.on('message', (query, { port, address }) => socket.send(answer(query, names), port, address))
  socket.bind(0, '127.0.0.1')
  await once(socket, 'listening')
  return {
    address: `127.0.0.1:${socket.address().port}`,
    addName: (name, ip) => names.set(name, ip),
    close: () => socket.close(),
  }
}

const answer = (query: Buffer, names: ReadonlyMap<string, string>): Buffer => {
  const labels: string[] = []
  let at = HEADER_BYTES
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length))
    at += 1 + length
  }
  const question = query.subarray(HEADER_BYTES, at + 5) // with type and class
  const ip = names.get(labels.join('.'))
  const header = Buffer.alloc(HEADER_BYTES)
  query.copy(header, 0, 0, 2)
  header.writeUInt16BE(RESPONSE | (ip === undefined ? NO_SUCH_NAME : 0), 2)
  header.writeUInt16BE(1, 4)
  header.writeUInt16BE(ip === undefined ? 0 : 1, 6)
  if (ip === undefined) return Buffer.concat([header, question])
  // A pointer to the name, type A, class IN, a life of 0 s, 4 bytes.
  const record = Buffer.from([0xc0, HEADER_BYTES, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...ip.split('.').map(Number)])
  return Buffer.concat([header, question, record])
}
