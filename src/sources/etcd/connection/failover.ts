import { setMaxListeners } from 'node:events'
import type { SourceCode } from '../../../model/failure.ts'
import { SourceError } from '../../../api/source.ts'
import { linkSignals } from '../../../async/abort.ts'
import { ConnectionPool } from './connection-pool.ts'
import type { HostConnection } from './host-connection.ts'
import { toSourceError } from './errors.ts'
import type { EtcdAuth } from './credentials.ts'
import { KeptSecret } from './provider.ts'
import { LineageTracker } from './lineage.ts'
import type { EtcdSettings } from './settings.ts'

/** An etcd cluster as one source sees it; shared by the source's reads and watches. */
export interface Cluster {
  readonly settings: EtcdSettings
  readonly pool: ConnectionPool
  readonly lineages: LineageTracker
  /** Undefined if there is no user. */
  readonly auth: KeptSecret<EtcdAuth> | undefined
  /** Aborts at `close`. */
  readonly closed: AbortSignal
}

export const createCluster = (settings: EtcdSettings, closed: AbortSignal): Cluster => {
  // Each read and watch under way listens to it, and removes its listener at the end.
  setMaxListeners(0, closed)
  const auth = settings.auth && new KeptSecret(settings.auth, closed)
  return { settings, pool: new ConnectionPool(settings, closed), lineages: new LineageTracker(), auth, closed }
}

// A caller whose own deadline is shorter than ours would otherwise ask the same dead host forever.
const LONG_WAIT_MS = 1_000

/** Runs `task` on the current host, then on the others in turn while it fails in a way in which another host may not. */
export const withFailover = async <Value>(
  cluster: Cluster,
  parent: AbortSignal,
  task: (connection: HostConnection, signal: AbortSignal) => Promise<Value>,
): Promise<Value> => {
  const { pool, settings, closed } = cluster
  const { clock, hosts } = settings
  const { signal, unlink } = linkSignals(parent, closed)
  try {
    for (let attempt = 1; ; attempt++) {
      if (signal.aborted) throw new SourceError('source.closed')
      const startedAt = clock.monotonic()
      const connection = await pool.acquire(signal)
      try {
        return await task(connection, signal)
      } catch (error) {
        const failure = toSourceError(error)
        const hasWaitedLong = signal.aborted && clock.monotonic() - startedAt >= LONG_WAIT_MS
        if (hasWaitedLong || isConnectionSuspect(failure.code)) pool.retire(connection)
        if (signal.aborted || !isConnectionSuspect(failure.code) || attempt >= hosts.length) throw failure
      } finally {
        pool.release(connection)
      }
    }
  } finally {
    unlink()
  }
}

// After these, the connection may be dead, half-open or wedged, and gRPC's own back-off would delay the next attempt.
const suspectCodes: ReadonlySet<SourceCode> = new Set([
  'source.unreachable',
  'source.timeout',
  'source.tls',
  'source.failed',
])

/** True if a new connection, perhaps to another host, may help. */
export const isConnectionSuspect = (code: SourceCode): boolean => suspectCodes.has(code)
