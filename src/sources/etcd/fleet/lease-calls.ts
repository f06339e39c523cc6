import { SourceError } from '../../../api/source.ts'
import { withAuth } from '../connection/auth.ts'
import { toSourceError } from '../connection/errors.ts'
import { type Cluster, withFailover } from '../connection/failover.ts'
import type { KeepAliveStream, UnaryCallback } from '../connection/host-connection.ts'
import type { EtcdSettings } from '../connection/settings.ts'
import { unaryCall } from '../connection/unary-call.ts'

// etcd3's own Lease is not used. It renews on timers of its own, and a lease that it could not renew is lost unnoticed.

interface Granted {
  readonly ID: string
}

/** Starts a lease. Returns its id. */
export const grantLease = (cluster: Cluster, ttlMs: number, parent: AbortSignal): Promise<string> =>
  withFailover(cluster, parent, async (connection, signal) => {
    const stub = await connection.stub('Lease')
    const request = { TTL: String(Math.max(1, Math.ceil(ttlMs / 1_000))) }
    const { ID } = await withAuth(cluster, connection, signal, (metadata) =>
      unaryCall(cluster.settings, signal, (callback: UnaryCallback<Granted>) =>
        stub.leaseGrant(request, metadata, callback as Parameters<typeof stub.leaseGrant>[2]),
      ),
    )
    return ID
  })

/** Ends a lease. One that has ended is no failure. */
export const revokeLease = (cluster: Cluster, ID: string, parent: AbortSignal): Promise<void> =>
  withFailover(cluster, parent, async (connection, signal) => {
    const stub = await connection.stub('Lease')
    try {
      await withAuth(cluster, connection, signal, (metadata) =>
        unaryCall(cluster.settings, signal, (callback: UnaryCallback<object>) =>
          stub.leaseRevoke({ ID }, metadata, callback),
        ),
      )
    } catch (error) {
      if (!isLeaseUnknown(error)) throw error
    }
  })

/** Renews a lease once. Returns false if it has ended. */
export const renewLease = (cluster: Cluster, ID: string, parent: AbortSignal): Promise<boolean> =>
  withFailover(cluster, parent, async (connection, signal) => {
    const stub = await connection.stub('Lease')
    const left = await withAuth(cluster, connection, signal, (metadata) =>
      firstAnswer(stub.leaseKeepAlive(metadata), ID, cluster.settings, signal),
    )
    return Number(left) > 0
  })

/** Sends one request on the stream, and ends it with the answer. */
const firstAnswer = (
  stream: KeepAliveStream,
  ID: string,
  { clock, deadlines }: EtcdSettings,
  signal: AbortSignal,
): Promise<string> =>
  new Promise((resolve, reject) => {
    const settle = (): void => {
      clock.clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
      stream.on('error', () => {}) // a cancelled stream still reports it
      stream.cancel()
    }
    const fail = (error: SourceError): void => {
      settle()
      reject(error)
    }
    const onAbort = (): void => fail(new SourceError('source.closed'))
    const timer = clock.setTimeout(() => fail(new SourceError('source.timeout')), deadlines.callMs)
    signal.addEventListener('abort', onAbort)
    stream.once('data', ({ TTL }: { readonly TTL: string }) => {
      settle()
      resolve(TTL)
    })
    stream.once('error', (error: unknown) => fail(toSourceError(error)))
    stream.once('end', () => fail(new SourceError('source.closed')))
    if (signal.aborted) onAbort()
    else stream.write({ ID })
  })

/** True if etcd does not know the lease, which is how it answers once a lease has ended. */
export const isLeaseUnknown = (error: unknown): boolean => {
  const cause = error instanceof SourceError ? error.cause : error
  return cause instanceof Error && cause.message.includes('lease not found')
}
