import { fileURLToPath } from 'node:url'
import { closeOnSignals } from 'changeover'
import { createApp } from './app.ts'

const { CONFIG_FILE = fileURLToPath(new URL('config.json', import.meta.url)), PORT = '0' } = process.env
const app = await createApp(CONFIG_FILE)
closeOnSignals(app.changeover, { server: app })
const address = await app.listen({ port: Number(PORT), host: '127.0.0.1' })
console.log(`Serving on ${address}. Edit ${CONFIG_FILE}`)
