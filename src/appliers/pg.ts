import pg from 'pg'
import type { Applier, PrepareContext } from '../api/applier.ts'
import { sleep } from '../async/deadline.ts'
import type { Clock } from '../api/clock.ts'
import { abortable, assertDelay } from './bounds.ts'
import { trackConnections, type Connections } from './pg-client.ts'
import { resource } from './resource.ts'

/** TLS settings as plain data. Certificates and keys are PEM text, not files. */
export interface PgTls {
  readonly ca?: string | readonly string[] | undefined
  readonly cert?: string | undefined
  readonly key?: string | undefined
  readonly passphrase?: string | undefined
  readonly servername?: string | undefined
  readonly rejectUnauthorized?: boolean | undefined
  readonly minVersion?: 'TLSv1.2' | 'TLSv1.3' | undefined
}

/**
 * The slice of {@link pgPool}: the settings of a `pg.Pool` that are plain data. What is absent falls back to pg's own
 * defaults, its `PG…` environment variables among them.
 */
export interface PgSlice {
  readonly connectionString?: string | undefined
  readonly host?: string | undefined
  readonly port?: number | undefined
  readonly user?: string | undefined
  readonly password?: string | undefined
  readonly database?: string | undefined
  readonly ssl?: boolean | PgTls | undefined
  readonly max?: number | undefined
  readonly min?: number | undefined
  readonly maxUses?: number | undefined
  readonly maxLifetimeSeconds?: number | undefined
  readonly idleTimeoutMillis?: number | undefined
  readonly connectionTimeoutMillis?: number | undefined
  readonly allowExitOnIdle?: boolean | undefined
  readonly application_name?: string | undefined
  readonly options?: string | undefined
  readonly keepAlive?: boolean | undefined
  readonly keepAliveInitialDelayMillis?: number | undefined
  readonly statement_timeout?: number | undefined
  readonly query_timeout?: number | undefined
  readonly lock_timeout?: number | undefined
  readonly idle_in_transaction_session_timeout?: number | undefined
}

/** Options of {@link pgPool}. */
export interface PgPoolOptions {
  /**
   * How long opening one connection may take, in milliseconds, where the slice has no `connectionTimeoutMillis`. Unlike
   * that one it does not bound how long a query waits for a free client. Default: 5 000.
   */
  readonly connectMs?: number
  /** How long a replaced pool may wait for its queries and clients, in milliseconds. Default: 10 000. */
  readonly drainMs?: number
  /** The query that proves that a pool works. Default: `select 1`. */
  readonly probe?: string
  /** Settings that are not plain data (type parsers, a password function, hooks). The slice wins. */
  readonly pool?: Omit<pg.PoolConfig, 'Client' | 'stream' | 'Promise'>
}

const DEFAULT_CONNECT_MS = 5_000
const DRAIN_POLL_MS = 10

/**
 * Follows a slice with a `pg.Pool`: `reloader.modules.db.current.query(…)`.
 *
 * A change opens a new pool and proves it with one query, over one client that then stays in the pool; only then it may
 * serve. A replaced pool goes on until no client is checked out and no query waits, so none is lost; after `drainMs` its
 * connections are cut, and what still runs or waits is rejected. Errors of idle connections are reported and never end
 * the process. For the time of a swap both pools hold connections: leave room in the server's `max_connections`.
 *
 * A change of `max` alone also makes a new pool. A living pool could be raised, but lowered only as its clients idle
 * out, and its rollback would not be exact; two generations would also share what each must close once.
 */
export const pgPool = <Needs extends object = object>(
  options: PgPoolOptions = {},
): Applier<PgSlice, pg.Pool, Needs> => {
  const { connectMs = DEFAULT_CONNECT_MS, probe = 'select 1', drainMs } = options
  assertDelay('connectMs', connectMs)
  const opened = new WeakMap<pg.Pool, Opened>()
  return resource<PgSlice, pg.Pool, Needs>({
    open: (slice, context) => {
      const connections = trackConnections(connectMs)
      const pool = new pg.Pool({ ...options.pool, ...poolConfig(slice), Client: connections.Client })
      opened.set(pool, { connections, clock: context.clock })
      routeErrors(pool, connections, context.report)
      return pool
    },
    check: (pool, signal) => probePool(pool, probe, signal),
    close: (pool, signal) => closePool(pool, opened.get(pool), signal),
    ...(drainMs === undefined ? {} : { drainMs }),
  })
}

interface Opened {
  readonly connections: Connections
  readonly clock: Clock
}

// A clone, since pg writes to its options, and the slice is frozen. Without what is absent, which would hide the defaults.
const poolConfig = (slice: PgSlice): pg.PoolConfig =>
  Object.fromEntries(Object.entries(structuredClone(slice)).filter(([, value]) => value !== undefined))

/** Without a listener on the pool and on every client, a lost connection ends the process. */
const routeErrors = (pool: pg.Pool, connections: Connections, report: PrepareContext<unknown>['report']): void => {
  const reported = new WeakSet<Error>() // an idle client's error arrives on both
  const once = (error: Error): void => {
    if (reported.has(error) || connections.areCut()) return
    reported.add(error)
    report(error)
  }
  pool.on('error', once)
  pool.on('connect', (client) => client.on('error', once))
}

const probePool = async (pool: pg.Pool, query: string, signal: AbortSignal): Promise<void> => {
  const connecting = pool.connect()
  const client = await abortable(connecting, signal).catch((error: unknown) => {
    // Given up while it still connects or waits its turn: the client goes back as soon as it is there.
    connecting.then(
      (late) => late.release(),
      () => undefined,
    )
    throw error
  })
  try {
    await abortable(client.query(query), signal)
  } catch (error) {
    client.release(true) // it may be in the middle of the query
    throw error
  }
  client.release()
}

const isBusy = (pool: pg.Pool): boolean => pool.waitingCount > 0 || pool.totalCount > pool.idleCount

const closePool = async (pool: pg.Pool, opened: Opened | undefined, signal: AbortSignal): Promise<void> => {
  if (opened === undefined) return pool.end()
  const { connections, clock } = opened
  // A query that waits when `end` is called never gets its client, so all of them are waited for. The pool has no event
  // for its last one, hence the polling.
  while (isBusy(pool) && !signal.aborted) await sleep(clock, DRAIN_POLL_MS, signal)
  if (!isBusy(pool)) {
    await pool.end()
    // `end` says good-bye to the server, but does not wait until the server has closed the connections.
    while (connections.areOpen() && !signal.aborted) await sleep(clock, DRAIN_POLL_MS, signal)
    if (!connections.areOpen()) return
  }
  const endOnce = (): void => {
    // `end` would leave those that still wait without an answer.
    if (pool.waitingCount === 0 && !pool.ending) pool.end().catch(() => undefined)
  }
  connections.cut(endOnce)
  endOnce()
  // Not awaited: a client that its user never gives back has no connection any more, but keeps `end` pending.
}
