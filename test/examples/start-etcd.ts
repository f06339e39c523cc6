// npm run start:etcd: the example service on a real etcd, and the commands to try on it.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { startEtcd } from '../support/etcd-server.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const key = '/changeover/example'

const server = await startEtcd()
console.log(`etcd serves on ${server.endpoint}. In another terminal:

  export CHANGEOVER_HOSTS=${server.endpoint} CHANGEOVER_KEY=${key}
  npm run --silent changeover -- get --show-values
  npm run --silent changeover -- set log.level debug -m "find the leak"
  npm run --silent changeover -- set db.max 99
  npm run --silent changeover -- history
  npm run --silent changeover -- rollback 1
  npm run --silent changeover -- watch
`)
const service = spawn(process.execPath, ['--import', 'tsx', 'examples/service/main.ts'], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, ETCD_HOSTS: server.endpoint, ETCD_KEY: key },
})
// The service drains by itself at Ctrl-C, which its terminal sends to both.
for (const name of ['SIGINT', 'SIGTERM'] as const) process.on(name, () => service.kill(name))
await once(service, 'exit')
await server.stop()
process.exitCode = service.exitCode ?? 1
