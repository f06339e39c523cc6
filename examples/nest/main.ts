import 'reflect-metadata'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { NestFactory } from '@nestjs/core'
import { inspector } from 'changeover/inspect'
import { AppModule, configPath, reloader } from './app.module.ts'

const app = await NestFactory.create(AppModule, { forceCloseConnections: true, logger: ['warn', 'error'] })
app.enableShutdownHooks()
const { ADMIN_KEY } = process.env
if (ADMIN_KEY) {
  app.use('/inspector', ({ headers }: IncomingMessage, response: ServerResponse, next: () => void) => {
    if (headers.authorization === `Bearer ${ADMIN_KEY}`) return next()
    response.writeHead(401).end()
  })
  app.use('/inspector', inspector.handler({ reloader, actions: true }))
}
await app.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
console.log(`Serving on ${await app.getUrl()}. Edit ${configPath}`)
