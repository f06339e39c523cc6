import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../api/clock.ts'
import { isActionName, runAction } from './actions.ts'
import type { Connections } from './http/connections.ts'
import { HttpError, httpErrors, renderErrorPage } from './http/http-errors.ts'
import { readJsonBody } from './http/json-body.ts'
import { sendJson, sendPage, sendText } from './http/responses.ts'
import { checkSameOrigin, isCrossOrigin, isPrefetch } from './http/same-origin.ts'
import { parseCookies, type Session, type Sessions } from './http/sessions.ts'
import { isSameToken } from './http/tokens.ts'
import { isLoopback, Visitors } from './http/visitors.ts'
import { toMermaid } from './mermaid.ts'
import { renderPage } from './page/render-page.ts'
import type { Broadcaster } from './stream/broadcaster.ts'

export interface RouterOptions {
  readonly reloader: object
  readonly broadcaster: Broadcaster
  readonly sessions: Sessions
  readonly connections: Connections
  readonly clock: Clock
  readonly allowedHosts: ReadonlySet<string>
  /** Begins and ends with a slash. */
  readonly path: string
  readonly cookieName: string
  readonly hasActions: boolean
}

/** Answers every request, with an error if it must. No request and no failure here reaches the reloader. */
export class Router {
  readonly #options: RouterOptions
  readonly #visitors: Visitors

  constructor(options: RouterOptions) {
    this.#options = options
    this.#visitors = new Visitors(options.clock)
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => {}) // The client has gone.
    try {
      await this.#authenticate(request, response)
    } catch (error) {
      this.#sendError(request, response, error instanceof HttpError ? error : new HttpError('inspector.failed'))
    }
  }

  /** What another page may not send at all is refused first, so that it uses up no limit. */
  async #authenticate(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { allowedHosts, path, sessions, connections, cookieName } = this.#options
    checkSameOrigin(request, allowedHosts)
    const url = parseUrl(request)
    const token = url.searchParams.get('token')
    const session = sessions.find(parseCookies(request.headers.cookie, cookieName))
    if (token !== null && request.method === 'GET') return this.#openSession(request, response, token, session)
    // A link on a page of another port sends the cookie, but not its user's intent.
    const isOwn = session !== undefined && !isCrossOrigin(request)
    const { requests } = isOwn ? session.limits : this.#visitors.limitsOf(request.socket.remoteAddress)
    if (!requests.take()) throw new HttpError('inspector.too-many')
    if (session === undefined) throw new HttpError('inspector.no-session')
    connections.keep(request.socket)
    if (!url.pathname.startsWith(path)) throw new HttpError('inspector.not-found')
    // A link leads to the page. Opened in windows, the streams would be taken from the page.
    if (isCrossOrigin(request) && url.pathname !== path) throw new HttpError('inspector.bad-origin')
    await this.#route(request, response, session, url.pathname.slice(path.length), url.searchParams.has('download'))
  }

  /**
   * Exchanges the link's token for a cookie and redirects, so that the token leaves the address bar. The right token opens
   * a session however many wrong ones came from this machine; another machine that has guessed too often is not heard.
   */
  #openSession(request: IncomingMessage, response: ServerResponse, token: string, existing: Session | undefined): void {
    const { sessions, path, cookieName } = this.#options
    if (isPrefetch(request)) throw new HttpError('inspector.no-session') // It would use up the link before its user.
    const { remoteAddress } = request.socket
    const { wrongTokens } = this.#visitors.limitsOf(remoteAddress)
    if (!isLoopback(remoteAddress) && wrongTokens.isEmpty()) throw new HttpError('inspector.too-many')
    const opened = sessions.open(token)
    if (opened === undefined && existing === undefined) {
      throw new HttpError(wrongTokens.take() ? 'inspector.no-session' : 'inspector.too-many')
    }
    const attributes = `Path=${path}; HttpOnly; SameSite=Strict`
    sendText(response, 303, '', {
      location: path,
      ...(opened === undefined ? {} : { 'set-cookie': `${cookieName}=${opened.id}; ${attributes}` }),
    })
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    session: Session,
    path: string,
    isDownload: boolean,
  ): Promise<void> {
    const [folder = '', name = '', ...rest] = path.split('/')
    if (rest.length > 0) throw new HttpError('inspector.not-found')
    if (folder === 'actions') return this.#runAction(request, response, session, name)
    if (request.method !== 'GET') throw new HttpError('inspector.bad-method')
    if (path === '') return sendPage(response, 200, renderPage)
    if (path === 'events') {
      const { broadcaster } = this.#options
      if (broadcaster.isFull) throw new HttpError('inspector.full')
      return broadcaster.connect(response, request.headers['last-event-id']?.toString(), session.csrfToken)
    }
    if (folder === 'transactions') return this.#exportTransaction(response, name, isDownload)
    throw new HttpError('inspector.not-found')
  }

  #exportTransaction(response: ServerResponse, name: string, isDownload: boolean): void {
    const [, id = '', format] = /^([\w-]{1,64})\.(json|mmd)$/.exec(name) ?? []
    const transaction = this.#options.broadcaster.history.get(id)
    if (transaction === undefined) throw new HttpError('inspector.not-found')
    const headers = isDownload ? { 'content-disposition': `attachment; filename="${id}.${format}"` } : {}
    if (format === 'json') sendJson(response, 200, transaction, headers)
    else sendText(response, 200, toMermaid(transaction), headers)
  }

  async #runAction(request: IncomingMessage, response: ServerResponse, session: Session, name: string): Promise<void> {
    const { reloader, clock, hasActions } = this.#options
    if (request.method !== 'POST') throw new HttpError('inspector.bad-method')
    if (!isSameToken(String(request.headers['x-changeover-csrf'] ?? ''), session.csrfToken)) {
      throw new HttpError('inspector.bad-csrf')
    }
    if (!hasActions) throw new HttpError('inspector.actions-off')
    if (!isActionName(name)) throw new HttpError('inspector.not-found')
    if (!session.limits.actions.take()) throw new HttpError('inspector.too-many')
    const { status, result } = await runAction(reloader, name, await readJsonBody(request), clock)
    sendJson(response, status, result)
  }

  #sendError(request: IncomingMessage, response: ServerResponse, { code }: HttpError): void {
    if (response.headersSent) return void response.destroy()
    const { status, message, hint } = httpErrors[code]
    if (status === 405) response.setHeader('allow', 'GET, POST')
    if (!request.complete) response.setHeader('connection', 'close') // The rest of the body stays unread.
    if (request.headers.accept?.includes('text/html') !== true) {
      return sendJson(response, status, { ok: false, failure: { code, message, hint } })
    }
    // A browser withholds a strict cookie when another page links here; it sends it when our own page asks again.
    const shouldRetry = status === 401 && isCrossOrigin(request) && !request.url?.includes('token=')
    sendPage(response, status, (nonce) => renderErrorPage(nonce, code, shouldRetry))
  }
}

/** Accepts only a plain path: an absolute URL, as sent to proxies, would name a host of its own. */
const parseUrl = ({ url = '' }: IncomingMessage): URL => {
  if (!url.startsWith('/') || url.startsWith('//') || !URL.canParse(url, 'http://inspector')) {
    throw new HttpError('inspector.bad-request')
  }
  return new URL(url, 'http://inspector')
}
