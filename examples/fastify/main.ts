import { fileURLToPath } from 'node:url'
import { closeOnSignals } from 'changeover'
import { createApp } from './app.ts'

const env: NodeJS.ProcessEnv = { CONFIG_FILE: fileURLToPath(new URL('config.json', import.meta.url)), ...process.env }
const app = await createApp(env)
closeOnSignals(app.changeover, { server: app })
const address = await app.listen({ port: Number(env.PORT ?? 0), host: '127.0.0.1' })
console.log(`Serving on ${address}. Edit ${env.ETCD_HOSTS ? 'the key in etcd' : env.CONFIG_FILE}`)
