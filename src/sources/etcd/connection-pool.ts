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

/**
 * The connection to one host: the channels of etcd3 without its calls. Those retry on their own, trip a circuit breaker,
 * close the channel of a watch when a read fails, cannot be cancelled, and log in over a channel with other options.
 */
export class HostConnection extends Etcd3 {
  /** The login token that this host gave; undefined before the first login, and after etcd has refused it. */
  token: Promise<string | undefined> | undefined
  users = 0
  readonly #clients = new Set<Client>()
  readonly #closeSockets: () => void
  #isClosed = false

  constructor(host: string, { credentials, grpcOptions }: EtcdSettings) {
    const sockets = trackSockets()
    super({
      hosts: host,
      grpcOptions: { ...grpcOptions, channelFactoryOverride: sockets.channelFactoryOverride },
      faultHandling: { host: () => noop, global: noop },
      ...(credentials === undefined ? {} : { credentials }),
    })
    this.#closeSockets = sockets.close
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
    this.#closeSockets()
  }
}

/** Provides the current connection, and replaces it when it may be broken. */
export class ConnectionPool {
  readonly #settings: EtcdSettings
  readonly #open = new Set<HostConnection>()
  #current: HostConnection | undefined
  #next: number

  constructor(settings: EtcdSettings) {
    this.#settings = settings
    this.#next = Math.floor(Math.random() * settings.hosts.length)
  }

  /** Returns the current connection, and opens it for the first caller. Give it back with `release`. */
  acquire(): HostConnection {
    this.#current ??= new HostConnection(this.#settings.hosts[this.#next] as string, this.#settings)
    this.#open.add(this.#current)
    this.#current.users += 1
    return this.#current
  }

  release(connection: HostConnection): void {
    connection.users -= 1
    if (connection.users === 0 && connection !== this.#current) this.#close(connection)
  }

  /** Makes the next `acquire` open a connection to the next host. This one is closed after its last `release`. */
  retire(connection: HostConnection): void {
    if (connection !== this.#current) return // several calls failed on one connection, and it is already replaced
    this.#current = undefined
    this.#next = (this.#next + 1) % this.#settings.hosts.length
  }

  close(): void {
    this.#current = undefined
    for (const connection of this.#open) this.#close(connection)
  }

  #close(connection: HostConnection): void {
    if (this.#open.delete(connection)) connection.close()
  }
}

// gRPC leaves sockets behind when a channel is closed. A connection whose peer has not sent anything yet waits as long
// as the peer is silent; a channel between two attempts makes one more, and keeps the result for good.
const trackSockets = () => {
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

  const channelFactoryOverride: ClientOptions['channelFactoryOverride'] = (address, credentials, options) =>
    new Channel(address, track(credentials), options)
  /** Destroys the open sockets, and each that is opened later. */
  const close = (): void => {
    isClosed = true
    for (const socket of open) socket.destroy()
  }
  return { channelFactoryOverride, close }
}
