import type { Socket } from 'node:net'
import { Channel, type ChannelCredentials, type ClientOptions } from '@grpc/grpc-js'

// What gRPC leaves behind when a channel is closed: a connection whose peer has not said a word yet waits on for as long
// as the peer is silent, and a channel that rests between two attempts makes one more and keeps what it gets, for good.
// So the sockets are counted here, and end with the client that they were made for.

/** The sockets of one client's channels. */
export interface Sockets {
  /** The option with which gRPC makes the client's channels. */
  readonly channelFactoryOverride: NonNullable<ClientOptions['channelFactoryOverride']>
  /** Ends those that are open, and each that is opened later. */
  readonly close: () => void
}

export const makeSockets = (): Sockets => {
  const open = new Set<Socket>()
  let isClosed = false

  const admit = (socket: Socket): boolean => {
    if (isClosed) socket.destroy()
    else open.add(socket.once('close', () => open.delete(socket)))
    return !isClosed
  }

  /** Every connection goes through its credentials' connector, a plain one too. */
  const counting = (credentials: ChannelCredentials): ChannelCredentials => {
    const counted: ChannelCredentials = Object.create(credentials)
    counted._createSecureConnector = (...made) => {
      const connector = credentials._createSecureConnector(...made)
      return {
        connect: (socket) => (admit(socket) ? connector.connect(socket) : Promise.reject(new Error('closed'))),
        waitForReady: () => connector.waitForReady(),
        getCallCredentials: () => connector.getCallCredentials(),
        destroy: () => connector.destroy(),
      }
    }
    return counted
  }

  return {
    channelFactoryOverride: (address, credentials, options) => new Channel(address, counting(credentials), options),
    close: () => {
      isClosed = true
      for (const socket of open) socket.destroy()
    },
  }
}
