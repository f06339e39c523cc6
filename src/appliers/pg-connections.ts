import pg from 'pg'

/** Limits how long the connections of one pool may take to open, and can cut them. */
export interface PgConnections {
  /** The class for `new pg.Pool({ Client })`. */
  readonly Client: new (
    config?: string | pg.ClientConfig,
  ) => pg.Client
  /**
   * Cuts every connection and refuses new ones. Queries that run or wait for a connection are rejected at once.
   * `onRefused` is called after each refusal.
   */
  readonly cut: (onRefused: () => void) => void
  /** True after `cut`: errors of connections are then expected. */
  readonly isCut: () => boolean
  /** True while a connection is open, opens, or waits until the server has closed it. */
  readonly hasOpen: () => boolean
}

type ConnectCallback = ((error: Error) => void) | ((error: null, client: pg.Client) => void)

/** @param connectMs limits how long one connection may open, unless the pool sets `connectionTimeoutMillis` itself. */
export const trackConnections = (connectMs: number): PgConnections => {
  const open = new Set<pg.Client>()
  let onRefused: (() => void) | undefined

  class TrackedClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(withConnectTimeout(config, connectMs))
    }

    override connect(): Promise<pg.Client>
    override connect(callback: ConnectCallback): void
    override connect(callback?: ConnectCallback): Promise<pg.Client> | void {
      if (onRefused !== undefined) return refuse(onRefused, callback)
      open.add(this)
      this.once('end', () => open.delete(this))
      if (callback === undefined) return super.connect()
      return super.connect(callback as (error: Error) => void)
    }
  }

  return {
    Client: TrackedClient,
    cut: (callback) => {
      onRefused = callback
      for (const client of open) cutConnection(client)
    },
    isCut: () => onRefused !== undefined,
    hasOpen: () => open.size > 0,
  }
}

// pg keeps the password non-enumerable, so a spread would lose it. The limit is not set in the pool's own options, where
// it would also end queries that wait for a free client.
const withConnectTimeout = (config: string | pg.ClientConfig | undefined, connectMs: number): pg.ClientConfig => {
  const options = typeof config === 'string' ? { connectionString: config } : (config ?? {})
  if (options.connectionTimeoutMillis) return options
  const limit = { connectionTimeoutMillis: { value: connectMs, enumerable: true, configurable: true, writable: true } }
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(options), ...limit })
}

// On the next tick, since the pool would otherwise reject all waiting queries in one recursion.
const refuse = (onRefused: () => void, callback: ConnectCallback | undefined): Promise<pg.Client> | undefined => {
  const error = new Error('The pool is closed')
  if (callback === undefined) return Promise.reject(error)
  process.nextTick(() => {
    ;(callback as (error: Error) => void)(error)
    onRefused()
  })
  return undefined
}

const cutConnection = (client: pg.Client): void => {
  // The native client has no stream to cut, so it can only be asked to end.
  const connection: pg.Connection | undefined = client.connection
  if (connection === undefined) client.end().catch(() => undefined)
  else connection.stream.destroy()
}
