import { isIP, type Socket } from 'node:net'
import { checkServerIdentity, type ConnectionOptions } from 'node:tls'
import type { ChannelCredentials } from '@grpc/grpc-js'

type SecureConnector = ReturnType<ChannelCredentials['_createSecureConnector']>

/**
 * Makes credentials of channels whose sockets can be closed. gRPC leaves sockets behind when a channel is closed: a connection whose
 * peer has not sent anything yet waits as long as the peer is silent, and a channel between two attempts makes one more
 * and keeps the result for good.
 */
export const trackSockets = () => {
  const open = new Set<Socket>()
  let isClosed = false

  const admit = (socket: Socket): boolean => {
    if (isClosed) socket.destroy()
    else open.add(socket.once('close', () => open.delete(socket)))
    return !isClosed
  }

  /** Every connection goes through the connector of its credentials, a plain one too. */
  const track = (credentials: ChannelCredentials): ChannelCredentials => {
    const tracked: ChannelCredentials = Object.create(credentials)
    tracked._createSecureConnector = (...args) => {
      const connector = nameNoAddress(credentials._createSecureConnector(...args))
      return {
        connect: (socket) => (admit(socket) ? connector.connect(socket) : Promise.reject(new Error('closed'))),
        waitForReady: () => connector.waitForReady(),
        getCallCredentials: () => connector.getCallCredentials(),
        destroy: () => connector.destroy(),
      }
    }
    return tracked
  }

  /** Destroys the open sockets, and each that is opened later. */
  const close = (): void => {
    isClosed = true
    for (const socket of open) socket.destroy()
  }
  return { track, close }
}

/**
 * Sends no server name to a host that is given by its IP address: RFC 6066 allows only names there, and Node 26 throws.
 * The certificate is still verified, against the addresses in it. gRPC keeps the TLS options to itself.
 */
const nameNoAddress = (connector: SecureConnector): SecureConnector => {
  const { connectionOptions } = connector as SecureConnector & { readonly connectionOptions?: ConnectionOptions }
  const address = connectionOptions?.servername
  if (connectionOptions === undefined || address === undefined || isIP(address) === 0) return connector
  const verify = connectionOptions.checkServerIdentity ?? checkServerIdentity
  connectionOptions.checkServerIdentity = (_, certificate) => verify(address, certificate)
  delete connectionOptions.servername
  return connector
}
