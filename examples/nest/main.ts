import 'reflect-metadata'
import { NestFactory } from '@nestjs/core'
import { AppModule, configPath } from './app.module.ts'

const app = await NestFactory.create(AppModule, { forceCloseConnections: true, logger: ['warn', 'error'] })
app.enableShutdownHooks()
await app.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
console.log(`Serving on ${await app.getUrl()}. Edit ${configPath}`)
