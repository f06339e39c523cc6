import type { FleetStore } from '../../../fleet/fleet-store.ts'
import { createCluster } from '../connection/failover.ts'
import { resolveSettings } from '../connection/settings.ts'
import { resolveKey } from '../options.ts'
import type { PublishTarget } from '../publish.ts'
import { etcdFleetStore } from '../fleet/etcd-fleet-store.ts'

/** Opens what a fleet keeps beside a key of etcd, for the command. It connects when it is first used. */
export const openFleetStore = (target: PublishTarget): FleetStore => {
  const name = resolveKey(target, 'key', target.key)
  const closing = new AbortController()
  const cluster = createCluster(resolveSettings(target), closing.signal)
  const close = (): void => {
    closing.abort()
    cluster.pool.close()
  }
  return etcdFleetStore(cluster, name, { close })
}
