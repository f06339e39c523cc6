// An HTTP service of three modules that follows etcd: `service-child.ts <endpoint> <key> <fleet|alone>`. Tells its port.
import type { AddressInfo } from 'node:net'
import { etcdSource } from 'changeover/etcd'
import { fleet } from 'changeover/fleet'
import { serve } from './http-service.ts'
import { threeModules } from './three-modules.ts'

const [hosts = '', key = '', mode] = process.argv.slice(2)
const member = mode === 'fleet' ? { fleet: fleet({ service: 'bench' }) } : {}
const reloader = threeModules({ source: etcdSource({ hosts, key, ...member }) })
await reloader.start()
const server = serve(reloader)
// One service rests while the other is measured.
server.keepAliveTimeout = 3_600_000
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('message', () => process.send?.(reloader.status().counters.committed))
process.on('disconnect', async () => {
  server.closeAllConnections()
  server.close()
  await reloader.close()
})
