import type { Client, ClientDuplexStream, ClientUnaryCall, Metadata, ServiceError } from '@grpc/grpc-js'
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
import type { Connection } from './options.ts'
import { makeSockets, type Sockets } from './sockets.ts'

export type Answered<Answer> = (error: ServiceError | null, answer?: Answer) => void
type Unary<Request, Answer> = (request: Request, metadata: Metadata, answered: Answered<Answer>) => ClientUnaryCall

/** A watch's stream of requests and answers. */
export type WatchStream = ClientDuplexStream<IWatchRequest, IWatchResponse>

/** The calls that are used here, as grpc-js makes them from etcd's proto file. */
export interface Stubs {
  readonly KV: { readonly range: Unary<IRangeRequest, IRangeResponse>; readonly txn: Unary<ITxnRequest, ITxnResponse> }
  readonly Auth: { readonly authenticate: Unary<{ name: string; password: string }, { token: string }> }
  readonly Watch: { readonly watch: (metadata: Metadata) => WatchStream }
}

/**
 * etcd3's connections without its calls: its own retry, trip a breaker, close the channel that a watch uses when a
 * read fails, cannot be cancelled, and log in over a channel with other options.
 */
class Channels extends Etcd3 {
  readonly #opened = new Set<Client>()
  readonly #sockets: Sockets
  #closed = false

  constructor(options: IOptions) {
    const sockets = makeSockets()
    const { channelFactoryOverride } = sockets
    super({ ...options, grpcOptions: { ...options.grpcOptions, channelFactoryOverride } })
    this.#sockets = sockets
  }

  async stub<Name extends keyof Stubs>(name: Name): Promise<Stubs[Name]> {
    const client = await this.pool.withConnection(name, (connection) => connection.client)
    if (this.#closed) client.close()
    else this.#opened.add(client)
    return client as unknown as Stubs[Name]
  }

  // etcd3 waits up to a second for a channel that is still connecting; grpc-js no longer needs that.
  override close(): void {
    this.#closed = true
    for (const client of this.#opened) client.close()
    this.#opened.clear()
    this.#sockets.close()
  }
}

/** One client of one host. */
export interface Handle {
  readonly host: string
  readonly stub: <Name extends keyof Stubs>(name: Name) => Promise<Stubs[Name]>
  /** The token that this host gave, while etcd has not refused it. */
  token: Promise<string | undefined> | undefined
}

/** Gives out the current client and replaces it when it may be broken. */
export interface Handles {
  /** The current client, made when first asked for. Give it back with `release`. */
  readonly acquire: () => Handle
  readonly release: (handle: Handle) => void
  /** The next `acquire` gets a new client of the next host; this one is closed when nobody holds it any more. */
  readonly retire: (handle: Handle) => void
  readonly close: () => void
}

interface Kept extends Handle {
  readonly channels: Channels
  holders: number
}

export const makeHandles = (connection: Connection): Handles => {
  const { hosts, credentials, grpcOptions } = connection
  let next = Math.floor(Math.random() * hosts.length)
  let current: Kept | undefined
  const all = new Set<Kept>()

  const open = (): Kept => {
    const host = hosts[next] as string
    const channels = new Channels({
      hosts: host,
      grpcOptions,
      faultHandling: { host: () => noop, global: noop },
      ...(credentials === undefined ? {} : { credentials }),
    })
    const made: Kept = { host, channels, holders: 0, token: undefined, stub: (name) => channels.stub(name) }
    all.add(made)
    return made
  }
  const drop = (kept: Kept): void => {
    if (all.delete(kept)) kept.channels.close()
  }
  const find = (handle: Handle): Kept | undefined => [...all].find((kept) => kept === handle)

  return {
    acquire: () => {
      current ??= open()
      current.holders += 1
      return current
    },
    release: (handle) => {
      const kept = find(handle)
      if (kept === undefined) return
      kept.holders -= 1
      if (kept.holders === 0 && kept !== current) drop(kept)
    },
    retire: (handle) => {
      if (handle !== current) return // several calls failed on one client; it has been replaced once already
      current = undefined
      next = (next + 1) % hosts.length
    },
    close: () => {
      for (const kept of [...all]) drop(kept)
      current = undefined
    },
  }
}
