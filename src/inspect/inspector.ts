import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '../api/clock.ts'
import { changeoverError } from '../model/failure.ts'
import { observationOf } from '../api/observed.ts'
import { actionsOf } from './actions.ts'
import { Desk } from './router.ts'
import { Feed } from './stream/broadcaster.ts'
import { hostName, hostsOf, type InspectorOptions, type InspectorSettings, resolveOptions } from './options.ts'
import { newSecret } from './http/tokens.ts'
import { Sessions } from './http/sessions.ts'

export interface Inspector {
  /**
   * The link to open in a browser. It opens one session, and once that is open this is another link, for the next; with
   * a `token` of your own it is always the same. It is a secret: whoever has it may look.
   */
  readonly url: string
  /** Ends all streams and connections, within half a second. May be called often; never rejects. */
  readonly close: () => Promise<void>
}

const limits = {
  maxHeaderSize: 8_192,
  headersTimeout: 5_000,
  requestTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
}
const MAX_CONNECTIONS = 64

/** What the streams have to say their last words. */
const LAST_WORDS_MS = 300

/**
 * Serves a page that shows what a reloader does and has done. It keeps no process alive, and whatever goes wrong in it,
 * the reloader goes on.
 *
 * @throws ChangeoverError `reloader.invalid-option` for options that cannot be, that would be unsafe, or where the port is taken
 */
export const inspector = async (options: InspectorOptions): Promise<Inspector> => {
  const settings = resolveOptions(options)
  const { reloader } = options
  const observation = observationOf(reloader)
  const clock = systemClock
  const server = createServer(limits)
  server.maxConnections = MAX_CONNECTIONS
  server.on('connection', (socket) => socket.unref())
  const { port } = await listen(server, settings)
  server.unref()
  const sessions = new Sessions(clock, settings.token)
  const feed = new Feed(observation, { clock, actions: settings.actions ? actionsOf(reloader) : [] })
  // Cookies are sent to all ports of a host: the name tells ours from another inspector's, and no other server can
  // guess the path under which the browser would send it.
  const path = `/${newSecret().slice(0, 22)}/`
  const cookie = `changeover-${port}`
  const allowedHosts = hostsOf(settings, port)
  const desk = new Desk({ reloader, feed, sessions, clock, allowedHosts, path, cookie, actions: settings.actions })
  server.on('request', (request, response) => {
    desk.answer(request, response).catch(() => response.destroy())
  })
  const origin = `http://${shownHost(settings, port)}`
  let closing: Promise<void> | undefined
  return {
    get url() {
      return `${origin}${path}?token=${sessions.token}`
    },
    close: () => {
      closing ??= close(server, feed)
      return closing
    },
  }
}

const listen = async (server: Server, { port, host }: InspectorSettings): Promise<AddressInfo> => {
  try {
    await once(server.listen({ port, host }), 'listening')
  } catch (error) {
    throw changeoverError('reloader.invalid-option', { detail: 'host and port cannot be listened on' }, error)
  }
  server.on('error', () => {}) // of a listener that is up, none may end the process
  return server.address() as AddressInfo
}

const close = async (server: Server, feed: Feed): Promise<void> => {
  const closed = once(server, 'close')
  feed.close('inspector.closed')
  server.close()
  // A timer that holds the process: who awaits this must get their answer.
  const overdue = systemClock.setTimeout(() => server.closeAllConnections(), LAST_WORDS_MS)
  await closed
  systemClock.clearTimeout(overdue)
}

const shownHost = ({ host, isLoopback, allowedHosts }: InspectorSettings, port: number): string => {
  const name = isLoopback ? hostName(host) : (allowedHosts[0] ?? hostName(host))
  return /:\d+$/.test(name) && !name.endsWith(']') ? name : `${name}:${port}`
}
