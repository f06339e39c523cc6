import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

/** Where a call to etcd is stopped. */
export interface CallStop {
  /** Counts the calls from 1. */
  readonly call: number
  /** Before etcd gets the request; when etcd has answered, and before the client gets it; when the client has got it. */
  readonly moment: 'asked' | 'answered' | 'heard'
}

/** A proxy of etcd that knows where a call begins and ends, and stops at one moment of one call. */
export interface CallProxy {
  readonly endpoint: string
  /** The calls that have begun. */
  readonly calls: () => number
  /** Calls `onStop` once at that moment, and forwards nothing of a call that it has stopped. */
  readonly stopAt: (stop: CallStop | undefined, onStop?: () => void) => void
  /** Resets all connections. */
  readonly cut: () => void
  readonly close: () => Promise<void>
}

const PREFACE_BYTES = 24
const HEADER_BYTES = 9
const [DATA, HEADERS] = [0, 1]
const END_STREAM = 1

/** Cuts a stream of bytes into the frames of HTTP/2 (RFC 9113, section 4.1). */
const framesOf = (skip: number, onFrame: (frame: Buffer) => void): ((chunk: Buffer) => void) => {
  let rest = Buffer.alloc(0)
  let left = skip
  return (chunk) => {
    rest = Buffer.concat([rest, chunk])
    for (;;) {
      const size =
        left > 0 ? left : rest.length < HEADER_BYTES ? Number.POSITIVE_INFINITY : HEADER_BYTES + rest.readUIntBE(0, 3)
      if (rest.length < size) return
      onFrame(rest.subarray(0, size))
      rest = rest.subarray(size)
      left = 0
    }
  }
}

/** The stream whose last frame this is; 0 for other frames. */
const endedStream = (frame: Buffer): number => {
  const [type, flags = 0] = [frame[3], frame[4]]
  const isLast = (type === DATA || type === HEADERS) && (flags & END_STREAM) !== 0
  return isLast && !frame.toString('latin1', 0, 3).startsWith('PRI') ? frame.readUInt32BE(5) & 0x7f_ff_ff_ff : 0
}

export const startCallProxy = async (targetPort: number): Promise<CallProxy> => {
  const sockets = new Set<Socket>()
  let calls = 0
  let stop: CallStop | undefined
  let stopped: (() => void) | undefined
  let hasStopped = false

  const isAt = (call: number | undefined, moment: CallStop['moment']): boolean =>
    !hasStopped && stop !== undefined && call === stop.call && moment === stop.moment
  const end = (): void => {
    hasStopped = true
    stopped?.()
  }
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ host: '127.0.0.1', port: targetPort, noDelay: true })
    const numbers = new Map<number, number>()
    let isHeld = false
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(socket)
      socket
        .on('error', () => other.destroy())
        .on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
    }
    client.on(
      'data',
      framesOf(PREFACE_BYTES, (frame) => {
        const stream = endedStream(frame)
        if (stream > 0) numbers.set(stream, ++calls)
        if (isAt(numbers.get(stream), 'asked')) {
          isHeld = true
          end()
        }
        if (!isHeld) upstream.write(frame)
      }),
    )
    upstream.on(
      'data',
      framesOf(0, (frame) => {
        const call = numbers.get(endedStream(frame))
        if (isAt(call, 'answered')) {
          isHeld = true
          end()
        }
        // The trailers end a call; what comes before them is held too, so it is forwarded with them.
        if (isHeld) return
        client.write(frame, () => {
          if (isAt(call, 'heard')) end()
        })
      }),
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const cut = (): void => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    calls: () => calls,
    stopAt: (next, onStop) => {
      calls = 0
      hasStopped = false
      stop = next
      stopped = onStop
    },
    cut,
    close: async () => {
      server.close()
      cut()
    },
  }
}
