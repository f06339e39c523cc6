import type {
  Channel,
  Client,
  ClientDuplexStream,
  ClientOptions,
  ClientUnaryCall,
  Metadata,
  ServiceError,
} from '@grpc/grpc-js'
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
import type { EtcdCredentials } from './credentials.ts'
import type { EtcdSettings } from './settings.ts'
import { trackSockets } from './tracked-sockets.ts'

export type UnaryCallback<Response> = (error: ServiceError | null, response?: Response) => void
type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  callback: UnaryCallback<Response>,
) => ClientUnaryCall

/** The stream of requests and responses of one watch. */
export type WatchStream = ClientDuplexStream<IWatchRequest, IWatchResponse>

/** Renews leases: each request is answered with the seconds that are left, 0 if the lease has ended. */
export type KeepAliveStream = ClientDuplexStream<{ readonly ID: string }, { readonly ID: string; readonly TTL: string }>

/** The calls that are used here, as grpc-js makes them from etcd's proto file. */
export interface Stubs {
  readonly KV: {
    readonly range: UnaryMethod<IRangeRequest, IRangeResponse>
    readonly txn: UnaryMethod<ITxnRequest, ITxnResponse>
  }
  readonly Auth: {
    readonly authenticate: (
      request: { readonly name: string; readonly password: string },
      callback: UnaryCallback<{ token: string }>,
    ) => ClientUnaryCall
  }
  readonly Watch: { readonly watch: (metadata: Metadata) => WatchStream }
  readonly Lease: {
    readonly leaseGrant: UnaryMethod<{ readonly TTL: string }, { readonly ID: string; readonly TTL: string }>
    readonly leaseRevoke: UnaryMethod<{ readonly ID: string }, object>
    readonly leaseKeepAlive: (metadata: Metadata) => KeepAliveStream
  }
}

/** What a client is made of: the host's address, its credentials, its options. */
type ClientParts = Parameters<NonNullable<ClientOptions['channelFactoryOverride']>>
type ClientClass = new (...parts: ClientParts) => Client

const unopenedChannel = { close: () => undefined } as unknown as Channel
type Policy = NonNullable<NonNullable<IOptions['faultHandling']>['global']>
const callOnce = { execute: (call: () => unknown) => call() } as unknown as Policy

/**
 * The connection to one host: the channels of etcd3 without its calls. Those retry on their own, trip a circuit breaker,
 * close the channel of a watch when a read fails, cannot be cancelled, and log in over a channel with other options.
 *
 * Everything of grpc-js comes from etcd3, since grpc-js refuses objects of another copy of itself: a bundle that leaves
 * etcd3 out, or an install with two versions, has two copies.
 */
export class HostConnection extends Etcd3 {
  /** The login token that this host gave; undefined before the first login, and after etcd has refused it. */
  token: Promise<string | undefined> | undefined
  users = 0
  readonly #clients = new Map<keyof Stubs, Client>()
  readonly #open: (Client: ClientClass) => Client
  readonly #closeSockets: () => void
  #isClosed = false

  constructor(host: string, { grpcOptions }: EtcdSettings, credentials: EtcdCredentials | undefined) {
    const sockets = trackSockets()
    let parts: ClientParts | undefined
    const keepParts = (...given: ClientParts): Channel => {
      parts = given
      return unopenedChannel
    }
    super({
      hosts: host,
      grpcOptions: { ...grpcOptions, channelFactoryOverride: keepParts },
      faultHandling: { host: () => callOnce, global: callOnce },
      ...(credentials === undefined ? {} : { credentials }),
    })
    this.#open = (Client) => {
      const [address, own, options] = parts as ClientParts
      return new Client(address, sockets.track(own), options)
    }
    this.#closeSockets = sockets.close
  }

  async stub<Name extends keyof Stubs>(name: Name): Promise<Stubs[Name]> {
    const unopened = await this.pool.withConnection(name, (connection) => connection.client)
    const client = this.#clients.get(name) ?? this.#open(unopened.constructor as ClientClass)
    if (this.#isClosed) client.close()
    else this.#clients.set(name, client)
    return client as unknown as Stubs[Name]
  }

  /** Makes the metadata of one call. */
  metadata(): Promise<Metadata> {
    return this.pool.withConnection('KV', (connection) => connection.metadata)
  }

  // etcd3 waits up to a second for a channel that is still connecting; grpc-js no longer needs that.
  override close(): void {
    this.#isClosed = true
    for (const client of this.#clients.values()) client.close()
    this.#clients.clear()
    this.#closeSockets()
  }
}
