import type { Socket } from 'node:net'
import {
  Channel,
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientUnaryCall,
  type Metadata,
  type ServiceError,
} from '@grpc/grpc-js'
import { noop } from 'cockatiel'
import {
  Etcd3,
  type IOptions,
  type IRangeRequest,
  type IRangeResponse,
  type ITxnRequest,
  type ITxnResponse,
  type IWatchRequest,
  type IWatchResponse,
} from 'etcd3'
import type { EtcdSettings } from './options.ts'

export type UnaryCallback<Response> = (error: ServiceError | null, response?: Response) => void
type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  callback: UnaryCallback<Response>,
) => ClientUnaryCall

/** The stream of requests and responses of one watch. */
export type WatchStream = ClientDuplexStream<IWatchRequest, IWatchResponse>

/** The calls that are used here, as grpc-js makes them from etcd's proto file. */
export interface Stubs {
  readonly KV: {
    readonly range: UnaryMethod<IRangeRequest, IRangeResponse>
    readonly txn: UnaryMethod<ITxnRequest, ITxnResponse>
  }
  readonly Auth: { readonly authenticate: UnaryMethod<{ name: string; password: string }, { token: string }> }
  readonly Watch: { readonly watch: (metadata: Metadata) => WatchStream }
}

/** The connection to one host. */
export interface HostConnection {
  readonly host: string
  readonly stub: <Name extends keyof Stubs>(name: Name) => Promise<Stubs[Name]>
  /** The login token that this host gave; undefined before the first login, and after etcd has refused it. */
  token: Promise<string | undefined> | undefined
}

/** Provides the current connection, and replaces it when it may be broken. */
export interface ConnectionPool {
  /** Returns the current connection, and opens it for the first caller. Give it back with `release`. */
  readonly acquire: () => HostConnection
  readonly release: (connection: HostConnection) => void
  /** Makes the next `acquire` open a connection to the next host. This one is closed after its last `release`. */
  readonly retire: (connection: HostConnection) => void
  readonly close: () => void
}

interface PooledConnection extends HostConnection {
  readonly channels: Channels
  users: number
}

export const createConnectionPool = ({ hosts, credentials, grpcOptions }: EtcdSettings): ConnectionPool => {
  let next = Math.floor(Math.random() * hosts.length)
  let current: PooledConnection | undefined
  const pooled = new Set<PooledConnection>()

  const open = (): PooledConnection => {
    const host = hosts[next] as string
    const channels = new Channels({
      hosts: host,
      grpcOptions,
      faultHandling: { host: () => noop, global: noop },
      ...(credentials === undefined ? {} : { credentials }),
    })
    const opened = { host, channels, users: 0, token: undefined, stub: channels.stub.bind(channels) }
    pooled.add(opened)
    return opened
  }
  const drop = (connection: PooledConnection): void => {
    if (pooled.delete(connection)) connection.channels.close()
  }

  return {
    acquire: () => {
      current ??= open()
      current.users += 1
      return current
    },
    release: (connection) => {
      const released = [...pooled].find((one) => one === connection)
      if (released === undefined) return
      released.users -= 1
      if (released.users === 0 && released !== current) drop(released)
    },
    retire: (connection) => {
      if (connection !== current) return // several calls failed on one connection, and it is already replaced
      current = undefined
      next = (next + 1) % hosts.length
    },
    close: () => {
      for (const connection of [...pooled]) drop(connection)
      current = undefined
    },
  }
}

/**
 * The connections of etcd3 without its calls. Those retry on their own, trip a circuit breaker, close the channel of a
 * watch when a read fails, cannot be cancelled, and log in over a channel with other options.
 */
class Channels extends Etcd3 {
  readonly #clients = new Set<Client>()
  readonly #sockets: SocketTracker
  #isClosed = false

  constructor(options: IOptions) {
    const sockets = trackSockets()
    const { channelFactoryOverride } = sockets
    super({ ...options, grpcOptions: { ...options.grpcOptions, channelFactoryOverride } })
    this.#sockets = sockets
  }

  async stub<Name extends keyof Stubs>(name: Name): Promise<Stubs[Name]> {
    const client = await this.pool.withConnection(name, (connection) => connection.client)
    if (this.#isClosed) client.close()
    else this.#clients.add(client)
    return client as unknown as Stubs[Name]
  }

  // etcd3 waits up to a second for a channel that is still connecting; grpc-js no longer needs that.
  override close(): void {
    this.#isClosed = true
    for (const client of this.#clients) client.close()
    this.#clients.clear()
    this.#sockets.close()
  }
}

/** The sockets of one client's channels. */
interface SocketTracker {
  /** The option with which gRPC makes the client's channels. */
  readonly channelFactoryOverride: NonNullable<ClientOptions['channelFactoryOverride']>
  /** Destroys the open sockets, and each that is opened later. */
  readonly close: () => void
}

// gRPC leaves sockets behind when a channel is closed. A connection whose peer has not sent anything yet waits as long
// as the peer is silent; a channel between two attempts makes one more, and keeps the result for good.
const trackSockets = (): SocketTracker => {
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
      const connector = credentials._createSecureConnector(...args)
      return {
        connect: (socket) => (admit(socket) ? connector.connect(socket) : Promise.reject(new Error('closed'))),
        waitForReady: () => connector.waitForReady(),
        getCallCredentials: () => connector.getCallCredentials(),
        destroy: () => connector.destroy(),
      }
    }
    return tracked
  }

  return {
    channelFactoryOverride: (address, credentials, options) => new Channel(address, track(credentials), options),
    close: () => {
      isClosed = true
      for (const socket of open) socket.destroy()
    },
  }
}
