import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pageHeaders } from '../../../src/inspect/http/responses.ts'
import { onTestFinished } from 'vitest'
import { renderPage } from '../../../src/inspect/page/render-page.ts'
import type { Hello, InspectedTransaction, WireEvents } from '../../../src/inspect/stream/protocol.ts'

/** Serves the real page under its real policy, and tells it what a test wants it to hear. */
export interface Stage {
  readonly url: string
  /** The first event of each stream from now on. */
  readonly hello: (hello: Hello) => void
  readonly tell: <Name extends keyof WireEvents>(name: Name, data: WireEvents[Name]) => void
  /** Says that it is there, and no more. */
  readonly beat: () => void
  /** Breaks all streams, and answers every request with this status until `open`; without one it does not answer. */
  readonly shut: (status?: number) => void
  readonly open: () => void
  /** What is fetched whole. */
  readonly keep: (transaction: InspectedTransaction) => void
  /** The answer for this transaction has its head only, until the function is called that this returns. */
  readonly hold: (id: string) => () => void
  readonly close: () => Promise<void>
}

const NONCE = 'c3RhZ2U='

export const openStage = async (first: Hello): Promise<Stage> => {
  const streams = new Set<ServerResponse>()
  const kept = new Map<string, InspectedTransaction>()
  let hello = first
  let id = 0
  const held = new Map<string, Promise<void>>()
  let shut: { readonly status: number | undefined } | undefined

  const send = (stream: ServerResponse, name: string, data: unknown): void => {
    id += 1
    stream.write(`id: ${id}\nevent: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
  }

  const server = createServer(({ url = '' }, response) => {
    if (shut !== undefined) {
      if (shut.status === undefined) return response.destroy()
      return response.writeHead(shut.status).end()
    }
    if (url === '/') return response.writeHead(200, pageHeaders(NONCE)).end(renderPage({ nonce: NONCE }))
    if (url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('retry: 100\n\n')
      streams.add(response)
      response.on('close', () => streams.delete(response))
      return send(response, 'hello', hello)
    }
    const found = kept.get(/^\/transactions\/([^/]+)\.json$/.exec(url)?.[1] ?? '')
    if (found === undefined) return response.writeHead(404).end()
    response.flushHeaders()
    void (held.get(found.id) ?? Promise.resolve()).then(() => response.end(JSON.stringify(found)))
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    hello: (next) => {
      hello = next
    },
    tell: (name, data) => {
      for (const stream of streams) send(stream, name, data)
    },
    beat: () => {
      for (const stream of streams) stream.write('event: beat\ndata: {}\n\n')
    },
    shut: (status) => {
      shut = { status }
      for (const stream of streams) stream.destroy()
    },
    open: () => {
      shut = undefined
    },
    keep: (transaction) => {
      kept.set(transaction.id, transaction)
    },
    hold: (id) => {
      let release = (): void => {}
      held.set(
        id,
        new Promise((resolve) => {
          release = resolve
        }),
      )
      return release
    },
    close: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A stage that is gone at the test's end. */
export const stageOf = async (hello: Hello): Promise<Stage> => {
  const stage = await openStage(hello)
  onTestFinished(() => stage.close())
  return stage
}
