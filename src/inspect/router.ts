import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { Clock } from '../api/clock.ts'
import { act, isAction } from './actions.ts'
import { bodyOf } from './http/json-body.ts'
import { Bucket } from './http/rate-limit.ts'
import type { Feed } from './stream/broadcaster.ts'
import { checkOrigin, isFromElsewhere, isPrefetch } from './http/same-origin.ts'
import { dataHeaders, pageHeaders } from './http/responses.ts'
import { mermaidOf } from './mermaid.ts'
import { noticePage } from './http/error-page.ts'
import { renderPage } from './page/render-page.ts'
import { Refusal, refusals } from './http/http-errors.ts'
import { isSameSecret, newSecret } from './http/tokens.ts'
import { cookiesOf, type Session, type Sessions } from './http/sessions.ts'

export interface DeskOptions {
  readonly reloader: object
  readonly feed: Feed
  readonly sessions: Sessions
  readonly clock: Clock
  readonly allowedHosts: ReadonlySet<string>
  /** Begins and ends with a slash. */
  readonly path: string
  readonly cookie: string
  readonly actions: boolean
}

/** Answers each request, or refuses it. Nothing that a request holds or that goes wrong here gets past it. */
export class Desk {
  readonly #options: DeskOptions
  /** One loopback page asks for little; a flood is somebody else. */
  readonly #requests: Bucket
  readonly #tokens: Bucket
  readonly #acts: Bucket

  constructor(options: DeskOptions) {
    const { clock } = options
    this.#options = options
    this.#requests = new Bucket(clock, 200, 20)
    this.#tokens = new Bucket(clock, 10, 1_000)
    this.#acts = new Bucket(clock, 10, 1_000)
  }

  readonly answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    response.on('error', () => {}) // a reader that has gone
    try {
      await this.#answer(request, response)
    } catch (error) {
      this.#refuse(request, response, error instanceof Refusal ? error : new Refusal('inspector.failed'))
    }
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { allowedHosts, path, sessions, cookie } = this.#options
    if (!this.#requests.take()) throw new Refusal('inspector.too-many')
    checkOrigin(request, allowedHosts)
    const url = urlOf(request)
    const token = url.searchParams.get('token')
    const session = sessions.find(cookiesOf(request.headers.cookie, cookie))
    if (token !== null && request.method === 'GET') return this.#exchange(request, response, token, session)
    if (session === undefined) throw new Refusal('inspector.no-session')
    if (!url.pathname.startsWith(path)) throw new Refusal('inspector.not-found')
    await this.#serve(request, response, session, url.pathname.slice(path.length), url.searchParams.has('download'))
  }

  /** A token becomes a cookie, and leaves the address bar. */
  #exchange(request: IncomingMessage, response: ServerResponse, token: string, session: Session | undefined): void {
    const { sessions, path, cookie } = this.#options
    if (isPrefetch(request)) throw new Refusal('inspector.no-session') // the link must still be good for its user
    if (!this.#tokens.take()) throw new Refusal('inspector.too-many')
    const opened = sessions.open(token)
    if (opened === undefined && session === undefined) throw new Refusal('inspector.no-session')
    const attributes = `Path=${path}; HttpOnly; SameSite=Strict`
    response.writeHead(303, {
      ...dataHeaders('text/plain; charset=utf-8'),
      location: path,
      ...(opened === undefined ? {} : { 'set-cookie': `${cookie}=${opened.secret}; ${attributes}` }),
    })
    response.end()
  }

  async #serve(
    request: IncomingMessage,
    response: ServerResponse,
    session: Session,
    place: string,
    isDownload: boolean,
  ): Promise<void> {
    const [folder = '', name = '', ...rest] = place.split('/')
    if (rest.length > 0) throw new Refusal('inspector.not-found')
    if (folder === 'actions') return this.#act(request, response, session, name)
    if (request.method !== 'GET') throw new Refusal('inspector.bad-method')
    if (place === '') return sendPage(response, 200, (nonce) => renderPage({ nonce }))
    if (place === 'events') return this.#stream(request, response, session)
    if (folder === 'transactions') return this.#export(response, name, isDownload)
    throw new Refusal('inspector.not-found')
  }

  #stream(request: IncomingMessage, response: ServerResponse, { csrf }: Session): void {
    const { feed } = this.#options
    if (!feed.hasRoom) throw new Refusal('inspector.full')
    feed.open(response, request.headers['last-event-id']?.toString(), csrf)
  }

  #export(response: ServerResponse, name: string, isDownload: boolean): void {
    const [, id = '', kind] = /^([\w-]{1,64})\.(json|mmd)$/.exec(name) ?? []
    const transaction = this.#options.feed.history.get(id)
    if (transaction === undefined) throw new Refusal('inspector.not-found')
    const isJson = kind === 'json'
    const headers = dataHeaders(isJson ? 'application/json' : 'text/plain; charset=utf-8')
    const disposition = isDownload ? { 'content-disposition': `attachment; filename="${id}.${kind}"` } : {}
    send(response, 200, { ...headers, ...disposition }, isJson ? pretty(transaction) : mermaidOf(transaction))
  }

  async #act(request: IncomingMessage, response: ServerResponse, session: Session, name: string): Promise<void> {
    const { reloader, clock, actions } = this.#options
    if (request.method !== 'POST') throw new Refusal('inspector.bad-method')
    if (!isSameSecret(String(request.headers['x-changeover-csrf'] ?? ''), session.csrf)) {
      throw new Refusal('inspector.bad-csrf')
    }
    if (!actions) throw new Refusal('inspector.actions-off')
    if (!isAction(name)) throw new Refusal('inspector.not-found')
    if (!this.#acts.take()) throw new Refusal('inspector.too-many')
    const { status, answer } = await act(reloader, name, await bodyOf(request), clock)
    send(response, status, dataHeaders('application/json'), pretty(answer))
  }

  #refuse(request: IncomingMessage, response: ServerResponse, { code }: Refusal): void {
    if (response.headersSent) return void response.destroy()
    const { status, message, hint } = refusals[code]
    if (status === 405) response.setHeader('allow', 'GET, POST')
    if (!request.complete) response.setHeader('connection', 'close') // the rest of a body is not read
    if (request.headers.accept?.includes('text/html') !== true) {
      return send(
        response,
        status,
        dataHeaders('application/json'),
        pretty({ ok: false, failure: { code, message, hint } }),
      )
    }
    // A strict cookie is not sent along where a link on another page led here; from this page on it is.
    const again = status === 401 && isFromElsewhere(request) && !request.url?.includes('token=')
    sendPage(response, status, (nonce) => noticePage(nonce, message, hint, again))
  }
}

/** Only a plain path; a whole URL, as proxies are asked for, would name a host of its own. */
const urlOf = ({ url = '' }: IncomingMessage): URL => {
  if (!url.startsWith('/') || url.startsWith('//') || !URL.canParse(url, 'http://inspector')) {
    throw new Refusal('inspector.bad-request')
  }
  return new URL(url, 'http://inspector')
}

const sendPage = (response: ServerResponse, status: number, render: (nonce: string) => string): void => {
  const nonce = newSecret()
  send(response, status, pageHeaders(nonce), render(nonce))
}

const send = (response: ServerResponse, status: number, headers: OutgoingHttpHeaders, body: string): void => {
  response.writeHead(status, headers).end(body)
}

const pretty = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`
