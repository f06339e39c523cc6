import { inspector } from 'changeover/inspect'
import type { FastifyPluginAsync } from 'fastify'

/** The inspector's page below /inspector, for those who know the key. */
export const admin: FastifyPluginAsync<{ readonly key: string }> = async (app, { key }) => {
  const page = inspector.handler({ reloader: app.changeover, actions: true })
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization !== `Bearer ${key}`) await reply.code(401).send()
  })
  for (const path of ['/inspector', '/inspector/*']) {
    app.all(path, { config: { pin: false } }, (request, reply) => {
      reply.hijack()
      page(request.raw, reply.raw, request.body)
    })
  }
  app.addHook('preClose', async () => page.close()) // an open stream would keep the server from closing
}
