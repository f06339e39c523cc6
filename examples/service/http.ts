import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { health } from 'changeover/health'
import { metrics } from 'changeover/prometheus'
import type { Logger } from 'pino'
import { Registry } from 'prom-client'
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

/** What Prometheus and the probes of an orchestrator ask for. */
const observed = ['/metrics', '/live', '/ready']

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
  const register = new Registry()
  metrics(service, { register })
  const answer = async ({ method, url = '/' }: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = url.split('?', 1)[0] ?? url
    const route = routes.get(path)
    const isMetrics = path === '/metrics'
    if (route === undefined && !isMetrics)
      return send(response, 404, { error: 'not found', routes: [...routes.keys(), ...observed] })
    if (method !== 'GET') return send(response, 405, { error: 'only GET' })
    try {
      if (isMetrics) {
        response.writeHead(200, { 'content-type': register.contentType }).end(await register.metrics())
      } else send(response, 200, await route?.())
    } catch (error) {
      // Only the code of a driver's error, since its message may name hosts and users.
      logger.error({ path, code: (error as { code?: unknown }).code }, 'request failed')
      send(response, 503, { error: 'unavailable' })
    }
  }
  // The probes answer /live and /ready, and pass every other path on.
  const { handler } = health(service)
  const server = createServer((request, response) => handler(request, response, () => void answer(request, response)))
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
