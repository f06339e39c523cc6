import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import { closeOnSignals, createReloader } from 'changeover'
import { logLevel } from 'changeover/appliers'
import { secretFiles } from 'changeover/secrets'
import { pino } from 'pino'
import { Config } from './config.ts'
import { createClient } from './client.ts'
import { createHttp } from './http.ts'
import { openSource } from './source.ts'

const file = process.env.CONFIG_FILE ?? fileURLToPath(new URL('config.yaml', import.meta.url))
const secrets = process.env.SECRETS_FOLDER ?? fileURLToPath(new URL('secrets', import.meta.url))
const logger = pino({ base: null })
const reloader = createReloader({
  source: openSource(file, process.env),
  schema: Config,
  logger,
  public: ['log', 'greeting', 'page'],
  secrets: { file: secretFiles(secrets) },
})
  .use('logger', (config) => config.log, logLevel(logger))
  .use('client', (config) => config.api, { prepare: ({ token }) => ({ instance: createClient(token) }) })

await reloader.start()
const server = createHttp(reloader)
closeOnSignals(reloader, { server })
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1')
await once(server, 'listening')
const { port } = server.address() as AddressInfo
console.log(`Serving on http://127.0.0.1:${port}. Edit ${file}, or the secrets in ${secrets}`)
