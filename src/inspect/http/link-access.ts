import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../../api/clock.ts'
import { type Access, type Admitted, parseUrl } from './access.ts'
import type { Connections } from './connections.ts'
import { HttpError } from './http-errors.ts'
import { sendText } from './responses.ts'
import { checkSameOrigin, isCrossOrigin, isPrefetch } from './same-origin.ts'
import { parseCookies, type Session, type Sessions } from './sessions.ts'
import { isLoopback, Visitors } from './visitors.ts'

export interface LinkAccessOptions {
  readonly sessions: Sessions
  readonly connections: Connections
  readonly clock: Clock
  readonly allowedHosts: ReadonlySet<string>
  /** Begins and ends with a slash. */
  readonly path: string
  readonly cookieName: string
}

/** Lets those in who have opened a link. */
export class LinkAccess implements Access {
  readonly #options: LinkAccessOptions
  readonly #visitors: Visitors

  constructor(options: LinkAccessOptions) {
    this.#options = options
    this.#visitors = new Visitors(options.clock)
  }

  /** What another page may not send at all is refused first, so that it uses up no limit. */
  readonly admit = (request: IncomingMessage, response: ServerResponse): Admitted | undefined => {
    const { allowedHosts, path, sessions, connections, cookieName } = this.#options
    checkSameOrigin(request, allowedHosts)
    const url = parseUrl(request.url ?? '')
    const token = url.searchParams.get('token')
    const session = sessions.find(parseCookies(request.headers.cookie, cookieName))
    if (token !== null && request.method === 'GET') {
      this.#openSession(request, response, token, session)
      return undefined
    }
    // A link on a page of another port sends the cookie, but not its user's intent.
    const isOwn = session !== undefined && !isCrossOrigin(request)
    const { requests } = isOwn ? session.limits : this.#visitors.limitsOf(request.socket.remoteAddress)
    if (!requests.take()) throw new HttpError('inspector.too-many')
    if (session === undefined) throw new HttpError('inspector.no-session')
    connections.keep(request.socket)
    if (!url.pathname.startsWith(path)) throw new HttpError('inspector.not-found')
    // A link leads to the page. Opened in windows, the streams would be taken from the page.
    if (isCrossOrigin(request) && url.pathname !== path) throw new HttpError('inspector.bad-origin')
    return { session, path: url.pathname.slice(path.length), isDownload: url.searchParams.has('download') }
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
}
