import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { systemClock } from 'changeover'
import { inspector, type Inspector, type InspectorOptions } from 'changeover/inspect'
import { expect, onTestFinished, vi } from 'vitest'
import { parseEvents, type ReceivedEvent } from './server-sent-events.ts'

/** A timeout for waits that normally take milliseconds. */
export const PATIENT = { timeout: 50_000 }

export interface TestInspector {
  readonly inspected: Inspector
  readonly port: number
  /** The path of the page. */
  readonly path: string
  readonly token: string
}

/** Starts an inspector on a free port, and closes it after the test. */
export const startInspector = async (options: InspectorOptions): Promise<TestInspector> => {
  const inspected = await inspector(options)
  onTestFinished(() => inspected.close())
  const url = new URL(inspected.url)
  return { inspected, port: Number(url.port), path: url.pathname, token: url.searchParams.get('token') ?? '' }
}

/** Stops the clock of all inspectors until the end of the test, so that no limit refills while a slow machine sends. */
export const freezeClock = (): { readonly advance: (ms: number) => void } => {
  let now = Math.ceil(systemClock.monotonic()) // whole, so that sums are exact
  const spy = vi.spyOn(systemClock, 'monotonic').mockImplementation(() => now)
  onTestFinished(() => spy.mockRestore())
  return {
    advance: (ms) => {
      now += ms
    },
  }
}

export interface HttpResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface HttpRequest {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** Sends one request on a connection of its own, with no other headers than the given ones and Host. */
export const send = (
  port: number,
  path: string,
  { method = 'GET', headers = {}, body }: HttpRequest = {},
): Promise<HttpResponse> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false, setHost: !('host' in headers) }
    const request = httpRequest(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    request.on('error', reject)
    request.end(body)
  })

/** Sends raw bytes, and returns everything that the server sends until it hangs up. */
export const sendRaw = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('error', () => {}) // The server may hang up during a write.
    socket.on('close', () => resolve(answer))
  })

/** Opens the link as a browser does, and returns the headers that its page sends. */
export const openLink = async ({ inspected, port, path }: TestInspector): Promise<{ readonly cookie: string }> => {
  const { search } = new URL(inspected.url)
  const { status, headers } = await send(port, `${path}${search}`)
  if (status !== 303) throw new Error(`The link answered ${status}`)
  return { cookie: String(headers['set-cookie']?.[0]?.split(';')[0]) }
}

/** Opens a stream of server-sent events. */
export const openStream = async (
  { port, path }: Pick<TestInspector, 'port' | 'path'>,
  headers: OutgoingHttpHeaders,
) => {
  const events: ReceivedEvent[] = []
  const raw = { text: '', hasEnded: false, status: 0 }
  const request = httpRequest({ host: '127.0.0.1', port, path: `${path}events`, headers, agent: false })
  request.on('error', () => {
    raw.hasEnded = true
  })
  request.end()
  await new Promise<void>((resolve, reject) => {
    request.on('error', reject)
    request.on('response', (response) => {
      raw.status = response.statusCode ?? 0
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        raw.text += chunk
        events.splice(0, events.length, ...parseEvents(raw.text))
      })
      response.on('error', () => {})
      response.on('close', () => {
        raw.hasEnded = true
      })
      resolve()
    })
  })
  const named = (name: string): ReceivedEvent[] => events.filter(({ event }) => event === name)
  return { named, last: (name: string) => named(name).at(-1)?.data, raw, close: () => void request.destroy() }
}

export type EventStream = Awaited<ReturnType<typeof openStream>>

/** Opens the link and the stream as a page does, and waits for the first event. */
export const openPage = async (server: TestInspector) => {
  const session = await openLink(server)
  const stream = await openStream(server, session)
  await vi.waitFor(() => expect(stream.last('hello')).toBeDefined(), PATIENT)
  const hello = stream.last('hello')
  const actionHeaders: Record<string, string> = {
    ...session,
    origin: `http://127.0.0.1:${server.port}`,
    'content-type': 'application/json',
    'x-changeover-csrf': hello.csrfToken,
  }
  return { session, stream, hello, actionHeaders }
}
