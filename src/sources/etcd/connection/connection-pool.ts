import type { Client, ClientDuplexStream, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js'
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
import { SourceError } from '../../../api/source.ts'
import { raceAbort } from '../../../async/abort.ts'
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

  constructor(host: string, { grpcOptions }: EtcdSettings, credentials: EtcdCredentials | undefined) {
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
  readonly #closed: AbortSignal
  readonly #open = new Set<HostConnection>()
  #current: HostConnection | undefined
  #opening: Promise<HostConnection> | undefined
  #next: number

  constructor(settings: EtcdSettings, closed: AbortSignal) {
    this.#settings = settings
    this.#closed = closed
    this.#next = Math.floor(Math.random() * settings.hosts.length)
  }

  /** Returns the current connection, and opens it for the first caller. Give it back with `release`. */
  async acquire(signal: AbortSignal): Promise<HostConnection> {
    const toError = (): SourceError => new SourceError('source.closed')
    const connection = this.#current ?? (await raceAbort(this.#connect(), signal, toError))
    connection.users += 1
    return connection
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

  #connect(): Promise<HostConnection> {
    this.#opening ??= this.#openNext().finally(() => {
      this.#opening = undefined
    })
    return this.#opening
  }

  async #openNext(): Promise<HostConnection> {
    const credentials = await this.#settings.credentials?.ask(this.#closed)
    if (this.#closed.aborted) throw new SourceError('source.closed')
    const connection = new HostConnection(this.#settings.hosts[this.#next] as string, this.#settings, credentials)
    this.#open.add(connection)
    this.#current = connection
    return connection
  }

  #close(connection: HostConnection): void {
    if (this.#open.delete(connection)) connection.close()
  }
}
