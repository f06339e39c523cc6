import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import { pageHeaders } from '../../../src/inspect/http/responses.ts'
import { renderPage } from '../../../src/inspect/page/render-page.ts'
import type { Hello, InspectedTransaction, StreamEvents } from '../../../src/inspect/stream/protocol.ts'

/** A server with the real page and its real policy, whose events the test sends. */
export interface FakeInspector {
  readonly url: string
  /** Sets the first event of each later stream. */
  readonly setHello: (hello: Hello) => void
  readonly send: <Name extends keyof StreamEvents>(name: Name, data: StreamEvents[Name]) => void
  readonly sendHeartbeat: () => void
  /** Breaks all streams and answers every request with this status, or hangs up, until `recover`. */
  readonly fail: (status?: number) => void
  readonly recover: () => void
  /** Adds a transaction that the page can fetch. */
  readonly addTransaction: (transaction: InspectedTransaction) => void
  /** Answers the request for this transaction with its headers only, until the returned function is called. */
  readonly holdTransaction: (id: string) => () => void
}

const NONCE = 'c3RhZ2U='

/** Starts a fake inspector, and stops it after the test. */
export const startFakeInspector = async (firstHello: Hello): Promise<FakeInspector> => {
  const streams = new Set<ServerResponse>()
  const transactions = new Map<string, InspectedTransaction>()
  const held = new Map<string, Promise<void>>()
  let hello = firstHello
  let eventId = 0
  let failure: { readonly status: number | undefined } | undefined

  const sendTo = (stream: ServerResponse, name: string, data: unknown): void => {
    eventId += 1
    stream.write(`id: ${eventId}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  const server = createServer(({ url = '' }, response) => {
    if (failure !== undefined) {
      if (failure.status === undefined) return response.destroy()
      return response.writeHead(failure.status).end()
    }
    if (url === '/') return response.writeHead(200, pageHeaders(NONCE)).end(renderPage(NONCE))
    if (url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 100\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return sendTo(response, 'hello', hello)
    }
    const transaction = transactions.get(/^\/transactions\/([^/]+)\.json$/.exec(url)?.[1] ?? '')
    if (transaction === undefined) return response.writeHead(404).end()
    response.flushHeaders()
    void (held.get(transaction.id) ?? Promise.resolve()).then(() => response.end(JSON.stringify(transaction)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  onTestFinished(async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    setHello: (next) => {
      hello = next
    },
    send: (name, data) => {
      for (const stream of streams) sendTo(stream, name, data)
    },
    sendHeartbeat: () => {
      for (const stream of streams) stream.write('event: heartbeat\ndata: {}\n\n')
    },
    fail: (status) => {
      failure = { status }
      for (const stream of streams) stream.destroy()
    },
    recover: () => {
      failure = undefined
    },
    addTransaction: (transaction) => {
      transactions.set(transaction.id, transaction)
    },
    holdTransaction: (id) => {
      let release = (): void => {}
      held.set(
        id,
        new Promise((resolve) => {
          release = resolve
        }),
      )
      return release
    },
  }
}
