import pg from 'pg'

/** The connections of one pool, so that they can be bounded while they open and cut when time is up. */
export interface Connections {
  /** The class for `new pg.Pool({ Client })`. */
  readonly Client: new (
    config?: string | pg.ClientConfig,
  ) => pg.Client
  /**
   * Cuts every connection and refuses new ones: what runs or waits for a connection is rejected at once. `onRefused` is
   * called after each refusal.
   */
  readonly cut: (onRefused: () => void) => void
  /** True once they are cut: the errors of connections are then of our own making. */
  readonly areCut: () => boolean
  /** True while one of them is open, opens, or waits for the server to close it. */
  readonly areOpen: () => boolean
}

/** @param connectMs bounds the opening of one connection, unless the pool's own `connectionTimeoutMillis` is set. */
export const trackConnections = (connectMs: number): Connections => {
  const open = new Set<pg.Client>()
  let refused: (() => void) | undefined

  class TrackedClient extends pg.Client {
    constructor(config?: string | pg.ClientConfig) {
      super(withConnectTimeout(config, connectMs))
    }

    override connect(): Promise<pg.Client>
    override connect(callback: ((error: Error) => void) | ((error: null, client: pg.Client) => void)): void
    override connect(callback?: Callback): Promise<pg.Client> | void {
      if (refused !== undefined) return refuse(refused, callback)
      open.add(this)
      this.once('end', () => open.delete(this))
      if (callback === undefined) return super.connect()
      return super.connect(callback as (error: Error) => void)
    }
  }

  return {
    Client: TrackedClient,
    cut: (onRefused) => {
      refused = onRefused
      for (const client of open) cutConnection(client)
    },
    areCut: () => refused !== undefined,
    areOpen: () => open.size > 0,
  }
}

type Callback = ((error: Error) => void) | ((error: null, client: pg.Client) => void)

// Not within the call: the pool would go through all that wait in one recursion.
const refuse = (refused: () => void, callback: Callback | undefined): Promise<pg.Client> | undefined => {
  const error = new Error('The pool is closed')
  if (callback === undefined) return Promise.reject(error)
  process.nextTick(() => {
    ;(callback as (error: Error) => void)(error)
    refused()
  })
  return undefined
}

const cutConnection = (client: pg.Client): void => {
  // The native client has no stream to cut: its own end is the best there is.
  const connection: pg.Connection | undefined = client.connection
  if (connection === undefined) client.end().catch(() => undefined)
  else connection.stream.destroy()
}

// In the pool's own options the bound would also end queries that wait for a free client, which pg does not do unless
// it is asked to. pg hides the password from enumeration, so a spread would lose it.
const withConnectTimeout = (config: string | pg.ClientConfig | undefined, connectMs: number): pg.ClientConfig => {
  const options = typeof config === 'string' ? { connectionString: config } : (config ?? {})
  if (options.connectionTimeoutMillis) return options
  const bound = { connectionTimeoutMillis: { value: connectMs, enumerable: true, configurable: true, writable: true } }
  return Object.defineProperties({}, { ...Object.getOwnPropertyDescriptors(options), ...bound })
}
