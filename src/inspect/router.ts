import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Clock } from '../api/clock.ts'
import type { InspectedParts } from '../api/internal/inspected.ts'
import { isActionName, previewRevert, runAction } from './actions.ts'
import type { Access, Admitted } from './http/access.ts'
import { HttpError, httpErrors, renderErrorPage } from './http/http-errors.ts'
import { readJsonBody } from './http/json-body.ts'
import { sendJson, sendPage, sendText } from './http/responses.ts'
import { isCrossOrigin } from './http/same-origin.ts'
import { isSameToken } from './http/tokens.ts'
import { toMermaid } from './mermaid.ts'
import { renderPage } from './page/render-page.ts'
import type { Broadcaster } from './stream/broadcaster.ts'

export interface RouterOptions {
  readonly reloader: object
  readonly broadcaster: Broadcaster
  readonly access: Access
  readonly clock: Clock
  readonly hasActions: boolean
  /** Returns what a revert would change. */
  readonly planRevert: InspectedParts['planRevert'] | undefined
}

/** Answers every request, with an error if it must. No request and no failure here reaches the reloader. */
export class Router {
  readonly #options: RouterOptions

  constructor(options: RouterOptions) {
    this.#options = options
  }

  /** @param body the body, if a framework has read it from the request before */
  async handle(request: IncomingMessage, response: ServerResponse, body?: unknown): Promise<void> {
    response.on('error', () => {}) // The client has gone.
    try {
      const admitted = this.#options.access.admit(request, response)
      if (admitted !== undefined) await this.#route(request, response, admitted, body)
    } catch (error) {
      this.#sendError(request, response, error instanceof HttpError ? error : new HttpError('inspector.failed'))
    }
  }

  async #route(
    request: IncomingMessage,
    response: ServerResponse,
    { session, path, isDownload }: Admitted,
    body: unknown,
  ): Promise<void> {
    const [folder = '', name = '', ...rest] = path.split('/')
    if (rest.length > 0) throw new HttpError('inspector.not-found')
    if (folder === 'actions') return this.#runAction(request, response, session, name, body)
    if (request.method !== 'GET') throw new HttpError('inspector.bad-method')
    if (path === '') return sendPage(response, 200, renderPage)
    if (path === 'events') {
      const { broadcaster } = this.#options
      if (broadcaster.isFull) throw new HttpError('inspector.full')
      return broadcaster.connect(response, request.headers['last-event-id']?.toString(), session.csrfToken)
    }
    if (folder === 'reverts') return this.#previewRevert(response, session, name)
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

  async #previewRevert(response: ServerResponse, session: Admitted['session'], name: string): Promise<void> {
    const { planRevert, hasActions } = this.#options
    const [, digest] = /^([\w-]{1,128})\.json$/.exec(name) ?? []
    if (!hasActions) throw new HttpError('inspector.actions-off')
    if (digest === undefined || planRevert === undefined) throw new HttpError('inspector.not-found')
    // It validates a whole document, so it counts as an action does.
    if (!session.limits.previews.take()) throw new HttpError('inspector.too-many')
    const { status, result } = await previewRevert(planRevert, digest)
    sendJson(response, status, result)
  }

  async #runAction(
    request: IncomingMessage,
    response: ServerResponse,
    session: Admitted['session'],
    name: string,
    body: unknown,
  ): Promise<void> {
    const { reloader, clock, hasActions } = this.#options
    if (request.method !== 'POST') throw new HttpError('inspector.bad-method')
    if (!isSameToken(String(request.headers['x-changeover-csrf'] ?? ''), session.csrfToken)) {
      throw new HttpError('inspector.bad-csrf')
    }
    if (!hasActions) throw new HttpError('inspector.actions-off')
    if (!isActionName(name)) throw new HttpError('inspector.not-found')
    if (!session.limits.actions.take()) throw new HttpError('inspector.too-many')
    const { status, result } = await runAction(reloader, name, await readJsonBody(request, body), clock)
    sendJson(response, status, result)
  }

  #sendError(request: IncomingMessage, response: ServerResponse, error: HttpError): void {
    if (response.headersSent) return void response.destroy()
    const { code, hint } = error
    const { status, message } = httpErrors[code]
    if (status === 405) response.setHeader('allow', 'GET, POST')
    if (!request.complete) response.setHeader('connection', 'close') // The rest of the body stays unread.
    if (request.headers.accept?.includes('text/html') !== true) {
      return sendJson(response, status, { ok: false, failure: { code, message, hint } })
    }
    // A browser withholds a strict cookie when another page links here; it sends it when our own page asks again.
    const shouldRetry = status === 401 && isCrossOrigin(request) && !request.url?.includes('token=')
    sendPage(response, status, (nonce) => renderErrorPage(nonce, error, shouldRetry))
  }
}
