import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../api/clock.ts'
import { observationOf } from '../api/internal/observation.ts'
import { changeoverError } from '../model/failure.ts'
import { availableActions } from './actions.ts'
import { Connections } from './http/connections.ts'
import { LinkAccess } from './http/link-access.ts'
import { createMountedAccess } from './http/mounted-access.ts'
import { Sessions } from './http/sessions.ts'
import { createToken } from './http/tokens.ts'
import {
  allowedHostHeaders,
  type HandlerOptions,
  type InspectorOptions,
  type InspectorSettings,
  type LinkOptions,
  resolveHandlerOptions,
  resolveLinkOptions,
  resolveOptions,
  toUrlHost,
} from './options.ts'
import { Router } from './router.ts'
import { Broadcaster } from './stream/broadcaster.ts'

/** A running inspector. */
export interface Inspector {
  /**
   * The link to open in a browser. Treat it as a secret: anyone who has it can see the page. Each link opens one session;
   * after that this property is a new link. With a `token` of your own the link never changes.
   */
  readonly url: string
  /**
   * Makes a link for a colleague: it opens one session, expires after a quarter of an hour, and leaves `url` as it is. At
   * most sixteen wait to be opened.
   *
   * @throws ChangeoverError `reloader.invalid-option` if the page would not answer under `host`
   */
  readonly link: (options?: LinkOptions) => string
  /** Ends all streams and connections within half a second. Never rejects; a second call returns the same promise. */
  readonly close: () => Promise<void>
}

const serverOptions = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
}

/** How long open streams have to send their last event. */
const CLOSE_GRACE_MS = 300

/** The page of a reloader as a handler of requests. */
export interface InspectorHandler {
  /**
   * Answers a request for the page. It never throws.
   *
   * @param body the parsed body, if your framework reads it and does not leave it in `request.body`
   */
  (request: IncomingMessage, response: ServerResponse, body?: unknown): void
  /** Ends all streams. Every later request is still answered. A second call does nothing. */
  readonly close: () => void
}

/**
 * Serves a local page that shows what a reloader does and has done. The server does not keep the process alive, and no
 * failure in it affects the reloader.
 *
 * @throws ChangeoverError `reloader.invalid-option` if an option is invalid or unsafe, or the port is in use
 * @example
 * ```ts
 * const page = await inspector({ reloader })
 * console.log(`Open ${page.url}`)
 * await page.close()
 * ```
 */
const serve = async (options: InspectorOptions): Promise<Inspector> => {
  const settings = resolveOptions(options)
  const { reloader } = options
  const observation = observationOf(reloader)
  const planRevert = observation.inspected?.planRevert
  const clock = systemClock
  const server = createServer(serverOptions)
  const connections = new Connections()
  server.on('connection', (socket) => connections.admit(socket.unref()))
  const { port } = await listen(server, settings)
  server.unref()
  const sessions = new Sessions(clock, settings.token)
  const actions = settings.actions ? availableActions(reloader) : []
  const broadcaster = new Broadcaster(observation, { clock, actions })
  // Browsers send cookies to every port of a host. The port in the name tells inspectors apart, and the random path
  // keeps the cookie from every other server.
  const path = `/${createToken().slice(0, 22)}/`
  const allowedHosts = allowedHostHeaders(settings, port)
  const cookieName = `changeover-${port}`
  const access = new LinkAccess({ sessions, connections, clock, allowedHosts, path, cookieName })
  const router = new Router({ reloader, broadcaster, access, clock, hasActions: settings.actions, planRevert })
  server.on('request', (request, response) => {
    router.handle(request, response).catch(() => response.destroy())
  })
  const ownHost = publicHost(settings, port)
  let closing: Promise<void> | undefined
  return {
    get url() {
      return `http://${ownHost}${path}?token=${sessions.linkToken}`
    },
    link: (given = {}) => {
      const { host, expiresInMs } = resolveLinkOptions(given, ownHost, allowedHosts)
      return `http://${host}${path}?token=${sessions.invite(expiresInMs)}`
    },
    close: () => {
      closing ??= close(server, broadcaster)
      return closing
    },
  }
}

/**
 * Makes the page for a path of your own server. **Put your authentication before it**: whoever reaches the handler sees
 * the page, and with `actions` may use them. What other pages send with a user's cookies is refused.
 *
 * @throws ChangeoverError `reloader.invalid-option` if an option is invalid
 * @example
 * ```ts
 * app.use('/inspector', requireAdmin, inspector.handler({ reloader })) // Express
 * ```
 */
const handler = (options: HandlerOptions): InspectorHandler => {
  const settings = resolveHandlerOptions(options)
  const { reloader } = options
  const clock = systemClock
  const actions = settings.actions ? availableActions(reloader) : []
  const observation = observationOf(reloader)
  const planRevert = observation.inspected?.planRevert
  const broadcaster = new Broadcaster(observation, { clock, actions })
  const access = createMountedAccess(clock, settings.allowedHosts)
  const router = new Router({ reloader, broadcaster, access, clock, hasActions: settings.actions, planRevert })
  const handle = (request: IncomingMessage, response: ServerResponse, body?: unknown): void => {
    router.handle(request, response, body).catch(() => response.destroy())
  }
  return Object.assign(handle, { close: () => broadcaster.close('inspector.closed') })
}

/** `inspector(options)` serves the page on a port of its own; `inspector.handler(options)` puts it into your server. */
export const inspector: typeof serve & { readonly handler: typeof handler } = Object.assign(serve, { handler })

const listen = async (server: Server, { port, host }: InspectorSettings): Promise<AddressInfo> => {
  try {
    await once(server.listen({ port, host }), 'listening')
  } catch (error) {
    throw changeoverError(
      'reloader.invalid-option',
      { detail: `the inspector cannot listen on ${toUrlHost(host)}:${port}` },
      error,
    )
  }
  server.on('error', () => {}) // An error of a running server must not end the process.
  return server.address() as AddressInfo
}

const publicHost = ({ host, isLoopback, allowedHosts }: InspectorSettings, port: number): string => {
  const name = isLoopback ? toUrlHost(host) : (allowedHosts[0] ?? toUrlHost(host))
  return /:\d+$/.test(name) && !name.endsWith(']') ? name : `${name}:${port}`
}

const close = async (server: Server, broadcaster: Broadcaster): Promise<void> => {
  const closed = once(server, 'close')
  broadcaster.close('inspector.closed')
  server.close()
  // This timer keeps the process alive, so that an awaited `close` resolves.
  const overdue = systemClock.setTimeout(() => server.closeAllConnections(), CLOSE_GRACE_MS)
  await closed
  systemClock.clearTimeout(overdue)
}
