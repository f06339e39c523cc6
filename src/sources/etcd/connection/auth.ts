import type { ClientUnaryCall, Metadata } from '@grpc/grpc-js'
import { SourceError } from '../../../api/source.ts'
import { raceAbort } from '../../../async/abort.ts'
import type { EtcdAuth } from './credentials.ts'
import type { HostConnection, Stubs, UnaryCallback } from './host-connection.ts'
import { isAuthDisabled, toSourceError } from './errors.ts'
import type { Cluster } from './failover.ts'
import { unaryCall } from './unary-call.ts'

// etcd3's own authenticator opens a channel for each login and never closes it, ignores the channel options, and does
// not renew the token of a watch. This one uses the given connection, and all who wait for a login share it.

/**
 * Runs `attempt` with the metadata of a logged-in call. A token may have expired, or be older than the last change of
 * etcd's users: if `canRenew` accepts the error, `attempt` runs once more with a new token.
 */
export const withAuth = async <Value>(
  cluster: Cluster,
  connection: HostConnection,
  signal: AbortSignal,
  attempt: (metadata: Metadata) => Promise<Value>,
  canRenew: (error: SourceError) => boolean = ({ code }) => code === 'source.unauthenticated',
): Promise<Value> => {
  for (let isRenewed = false; ; isRenewed = true) {
    const login = tokenOf(cluster, connection)
    const token = await raceAbort(login, signal, () => new SourceError('source.closed'))
    const metadata = await connection.metadata()
    // A member that is cut off from its leader then reports an error instead of staying silent.
    metadata.set('hasleader', 'true')
    if (token !== undefined) metadata.set('token', token)
    try {
      return await attempt(metadata)
    } catch (error) {
      const failure = toSourceError(error)
      const mayRenew = !isRenewed && cluster.auth !== undefined && canRenew(failure)
      // If a function gives the user, it may name another one by now.
      const isRefused = mayRenew || (failure.code === 'source.denied' && cluster.auth?.refuse() === true)
      if (isRefused && connection.token === login) connection.token = undefined
      if (!mayRenew) throw error
    }
  }
}

/** Makes one call that reads or writes keys, logged in. */
export const callKv = async <Response>(
  cluster: Cluster,
  connection: HostConnection,
  signal: AbortSignal,
  start: (kv: Stubs['KV'], metadata: Metadata, callback: UnaryCallback<Response>) => ClientUnaryCall,
): Promise<Response> => {
  const kv = await connection.stub('KV')
  return withAuth(cluster, connection, signal, (metadata) =>
    unaryCall(cluster.settings, signal, (callback: UnaryCallback<Response>) => start(kv, metadata, callback)),
  )
}

const tokenOf = (cluster: Cluster, connection: HostConnection): Promise<string | undefined> => {
  if (connection.token !== undefined) return connection.token
  const token = logIn(cluster, connection)
  connection.token = token
  token.catch(() => {
    if (connection.token === token) connection.token = undefined
  })
  return token
}

const logIn = async ({ settings, auth, closed }: Cluster, connection: HostConnection): Promise<string | undefined> => {
  if (auth === undefined) return undefined
  const stub = await connection.stub('Auth')
  const authenticate = async ({ username, password }: EtcdAuth): Promise<string | undefined> => {
    const request = { name: username, password }
    const call = (callback: UnaryCallback<{ token: string }>) => stub.authenticate(request, callback)
    return (await unaryCall(settings, closed, call)).token
  }
  // A password that was kept may have been changed since; one that was just given is refused for good reason.
  for (let isLast = !auth.isKept; ; isLast = true) {
    const given = auth.get()
    try {
      return await authenticate(await given)
    } catch (error) {
      if (isAuthDisabled(error)) return undefined
      const isRefused = toSourceError(error).code === 'source.unauthenticated' && auth.refuse(given)
      if (!isRefused || isLast) throw error
    }
  }
}
