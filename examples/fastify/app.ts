import { setTimeout as wait } from 'node:timers/promises'
import { changeover } from 'changeover/fastify'
import { health } from 'changeover/health'
import { metrics } from 'changeover/prometheus'
import Fastify, { type FastifyInstance } from 'fastify'
import { Registry } from 'prom-client'
import { admin } from './admin.ts'
import { listProducts } from './products.ts'
import { createShop } from './reloader.ts'

const EVERY_MS = 100

/** Makes the app of the shop. The plugin starts the reloader before the app listens, and closes it after the last request. */
export const createApp = async (env: NodeJS.ProcessEnv): Promise<FastifyInstance> => {
  const app: FastifyInstance = Fastify({ logger: true, forceCloseConnections: 'idle' })
  const register = new Registry()
  await app.register(changeover, {
    reloader: ({ log }) => {
      const shop = createShop(env, log)
      metrics(shop, { register }) // before the start, so that the first transaction counts
      return shop
    },
  })
  const probes = health(app.changeover)
  if (env.ADMIN_KEY) await app.register(admin, { key: env.ADMIN_KEY })

  app.get('/products', listProducts)

  // It lasts, so it holds nothing: each line shows what serves then.
  app.get('/limits', { config: { pin: false } }, async (request, reply) => {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, { 'content-type': 'text/event-stream' })
    while (!raw.destroyed && probes.ready()) {
      raw.write(`data: ${request.config.page.limit}\n\n`)
      await wait(EVERY_MS)
    }
    raw.end()
  })

  app.get('/metrics', { config: { pin: false } }, async (_request, reply) => {
    reply.type(register.contentType)
    return register.metrics()
  })
  for (const path of ['/live', '/ready']) {
    app.get(path, { config: { pin: false } }, ({ raw }, reply) => {
      reply.hijack()
      probes.handler(raw, reply.raw)
    })
  }
  return app
}
