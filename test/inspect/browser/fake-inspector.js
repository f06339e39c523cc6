import { once } from 'node:events'
import { createServer } from 'node:http'
import { pageHeaders } from '../../../src/inspect/http/responses.ts'
import { onTestFinished } from 'vitest'
import { renderPage } from '../../../src/inspect/page/render-page.ts'
const NONCE = 'c3RhZ2U='
export const openStage = async (first) => {
  const streams = new Set()
  const kept = new Map()
  let hello = first
  let id = 0
  const held = new Map()
  let shut
  const send = (stream, name, data) => {
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
    url: `http://127.0.0.1:${server.address().port}/`,
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
      let release = () => {}
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
export const stageOf = async (hello) => {
  const stage = await openStage(hello)
  onTestFinished(() => stage.close())
  return stage
}
