// An HTTP service of three modules that follows etcd: `service-child.ts <endpoint> <key> <fleet|alone>`. Tells its port.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { threeModules } from './three-modules.ts'

const [hosts = '', key = '', mode] = process.argv.slice(2)
const member = mode === 'fleet' ? { fleet: fleet({ service: 'bench' }) } : {}
const reloader = threeModules({ source: etcdSource({ hosts, key, ...member }) })
await reloader.start()
const server = createServer((_, response) => {
  const { config, modules } = reloader
  const body = { level: config.log.level, size: modules.client.current.size, isOpen: modules.client.current.isOpen }
  response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body))
})
// One service rests while the other is measured.
server.keepAliveTimeout = 3_600_000
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('message', () => process.send?.(reloader.status().counters.committed))
process.on('disconnect', async () => {
  server.closeAllConnections()
  server.close()
  await reloader.close()
})
