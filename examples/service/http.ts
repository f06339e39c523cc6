import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Logger } from 'pino'
import type { Service } from './service.ts'

/** What requests need from the service. */
export type Served = Pick<Service, 'lease' | 'modules' | 'status'>

export interface HttpServer {
  readonly server: Server
  /** Serves on 127.0.0.1 and returns the address. If `port` is 0, it uses a free port. */
  readonly listen: (port: number) => Promise<string>
  /** Accepts no new connections, and waits at most 5 s for the requests under way. */
  readonly close: () => Promise<void>
}

const HOST = '127.0.0.1'
const DRAIN_MS = 5_000

const routesOf = (service: Served, logger: Logger) =>
  new Map<string, () => unknown>([
    ['/', () => liveValues(service, logger)],
    ['/status', service.status],
    // `use` keeps the pool open until the query is answered.
    ['/now', () => service.modules.db.use(async (pool) => (await pool.query('select now()')).rows[0])],
  ])

/** Shows what serves now. The lease makes it one snapshot. The whole config is not shown: it may contain secrets. */
const liveValues = ({ lease }: Served, logger: Logger) =>
  lease(({ config, modules: { db, cache } }) => {
    const pool = db.current
    const { last, lastAt } = cache.current
    return {
      log: { level: logger.level },
      cache: { intervalMs: config.cache.intervalMs, ageMs: Date.now() - lastAt, rows: last.length },
      pool: { max: pool.options.max, connections: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount },
    }
  })

/** Makes a server, which does not listen yet. */
export const createHttp = (service: Served, logger: Logger): HttpServer => {
  const routes = routesOf(service, logger)
  const server = createServer(async ({ method, url = '/' }, response) => {
    const path = url.split('?', 1)[0] ?? url
    const route = routes.get(path)
    if (route === undefined) return send(response, 404, { error: 'not found', routes: [...routes.keys()] })
    if (method !== 'GET') return send(response, 405, { error: 'only GET' })
    try {
      send(response, 200, await route())
    } catch (error) {
      // Only the code of a driver's error, since its message may name hosts and users.
      logger.error({ path, code: (error as { code?: unknown }).code }, 'request failed')
      send(response, 503, { error: 'unavailable' })
    }
  })
  return {
    server,
    listen: async (port) => {
      await once(server.listen(port, HOST), 'listening')
      return `http://${HOST}:${(server.address() as AddressInfo).port}`
    },
    close: async () => {
      if (!server.listening) return
      const overdue = setTimeout(() => server.closeAllConnections(), DRAIN_MS)
      await once(server.close(), 'close')
      clearTimeout(overdue)
    },
  }
}

const send = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body, null, 2)}\n`)
}
