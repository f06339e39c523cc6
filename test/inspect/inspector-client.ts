import { request as httpRequest, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import { inspector, type Inspector, type InspectorOptions } from 'changeover/inspect'
import { onTestFinished } from 'vitest'
import { framesOf, type Told } from './fake-reloader.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface Ask {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: string
}

/** One request on a connection of its own, with no header that it is not given but Host. */
export const ask = (port: number, path: string, { method = 'GET', headers = {}, body }: Ask = {}): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method, headers, agent: false, setHost: !('host' in headers) }
    const asked = httpRequest(options, (response) => {
      let text = ''
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        text += chunk
      })
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
      response.on('error', reject)
    })
    asked.on('error', reject)
    asked.end(body)
  })

/** Sends bytes as they are, and answers with all that comes back until the server hangs up. */
export const askRaw = (port: number, text: string): Promise<string> =>
  new Promise((resolve) => {
    let answer = ''
    const socket = connect(port, '127.0.0.1', () => socket.write(text))
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      answer += chunk
    })
    socket.on('error', () => {}) // the server may hang up amid a write
    socket.on('close', () => resolve(answer))
  })

/** Follows a stream of server-sent events. */
export const follow = async (port: number, path: string, headers: OutgoingHttpHeaders) => {
  const told: Told[] = []
  const raw = { text: '', ended: false, status: 0 }
  const asked = httpRequest({ host: '127.0.0.1', port, path, headers, agent: false })
  asked.on('error', () => {
    raw.ended = true
  })
  asked.end()
  await new Promise<void>((resolve, reject) => {
    asked.on('error', reject)
    asked.on('response', (response) => {
      raw.status = response.statusCode ?? 0
      response.setEncoding('utf8')
      response.on('data', (chunk: string) => {
        raw.text += chunk
        told.splice(0, told.length, ...framesOf(raw.text))
      })
      response.on('error', () => {})
      response.on('close', () => {
        raw.ended = true
      })
      resolve()
    })
  })
  const of = (event: string): Told[] => told.filter((one) => one.event === event)
  return { told, of, raw, last: (event: string) => of(event).at(-1)?.data, leave: () => void asked.destroy() }
}

export type Stream = Awaited<ReturnType<typeof follow>>

export interface Scene {
  readonly inspected: Inspector
  readonly port: number
  /** Where the page is. */
  readonly path: string
  readonly token: string
}

/** An inspector on a free port, closed with the test. */
export const inspect = async (options: InspectorOptions): Promise<Scene> => {
  const inspected = await inspector(options)
  onTestFinished(() => inspected.close())
  const url = new URL(inspected.url)
  return { inspected, port: Number(url.port), path: url.pathname, token: url.searchParams.get('token') ?? '' }
}

/** Opens the link as a browser does; answers with the headers that its page would send. */
export const enter = async ({ inspected, port, path }: Scene): Promise<{ readonly cookie: string }> => {
  const { search } = new URL(inspected.url)
  const { status, headers } = await ask(port, `${path}${search}`)
  if (status !== 303) throw new Error(`The link answered ${status}`)
  return { cookie: String(headers['set-cookie']?.[0]?.split(';')[0]) }
}
