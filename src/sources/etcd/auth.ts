import { Metadata } from '@grpc/grpc-js'
import type { SourceError } from '../../api/source.ts'
import { call, sharing } from './unary-call.ts'
import type { Handle } from './connection-pool.ts'
import type { Context } from './failover.ts'
import { isAuthDisabled, toSourceError } from './errors.ts'

// etcd3's own authenticator opens a channel for each login and never closes it, ignores the channel options, and does
// not renew a token for watches. Hence this one: over the handle's connection, one login for all who wait for it.

const login = async ({ connection, closed }: Context, handle: Handle): Promise<string | undefined> => {
  const { auth, clock, deadlines } = connection
  if (auth === undefined) return undefined
  const stub = await handle.stub('Auth')
  const request = { name: auth.username, password: auth.password }
  try {
    const limits = { clock, ms: deadlines.callMs, signal: closed }
    const answer = await call<{ token: string }>(
      (answered) => stub.authenticate(request, new Metadata(), answered),
      limits,
    )
    return answer.token
  } catch (error) {
    if (isAuthDisabled(error)) return undefined
    throw error
  }
}

const tokenOf = (context: Context, handle: Handle): Promise<string | undefined> => {
  if (handle.token !== undefined) return handle.token
  const token = login(context, handle)
  handle.token = token
  token.catch(() => {
    if (handle.token === token) handle.token = undefined
  })
  return token
}

/**
 * Runs `attempt` with the metadata of a logged-in call. A kept token may have expired, or be older than the last change
 * of etcd's users: where `mayRenew` says so, a new one is fetched and `attempt` is run once more.
 */
export const authorized = async <Value>(
  context: Context,
  handle: Handle,
  signal: AbortSignal,
  attempt: (metadata: Metadata) => Promise<Value>,
  mayRenew: (error: SourceError) => boolean = ({ code }) => code === 'source.unauthenticated',
): Promise<Value> => {
  for (let renewed = false; ; renewed = true) {
    const source = tokenOf(context, handle)
    const token = await sharing(source, signal)
    const metadata = new Metadata()
    // etcd then answers only while its member has a leader: a cut-off member says so instead of staying silent.
    metadata.set('hasleader', 'true')
    if (token !== undefined) metadata.set('token', token)
    try {
      return await attempt(metadata)
    } catch (error) {
      if (renewed || context.connection.auth === undefined || !mayRenew(toSourceError(error))) throw error
      if (handle.token === source) handle.token = undefined
    }
  }
}
