import pg from 'pg'
import type { Applier, PrepareContext } from '../api/applier.ts'
import type { Clock } from '../api/clock.ts'
import { raceAbort } from '../async/abort.ts'
import { sleep } from '../async/deadline.ts'
import { checkMs } from '../model/option-checks.ts'
import { trackConnections, type PgConnections } from './pg-connections.ts'
import { describeError, toPoolConfig } from './pg-settings.ts'
import type { PgSlice } from './pg-slice.ts'
import { resource } from './resource.ts'

export type { PgSlice, PgTls } from './pg-slice.ts'

/** Options of {@link pgPool}. */
export interface PgPoolOptions {
  /**
   * How long one connection may take to open, in milliseconds, if the slice has no `connectionTimeoutMillis`. Unlike that
   * setting, it does not limit how long a query waits for a free client.
   * @default 5_000
   */
  readonly connectMs?: number
  /** How long a replaced pool may wait for its queries and clients, in milliseconds. @default 10_000 */
  readonly drainMs?: number
  /** The query that checks whether a pool works. @default 'select 1' */
  readonly probe?: string
  /** Settings that are not plain data (type parsers, a password function, hooks). The slice overrides them. */
  readonly pool?: Omit<pg.PoolConfig, 'Client' | 'stream' | 'Promise'>
}

const DEFAULT_CONNECT_MS = 5_000
const DRAIN_POLL_MS = 10

/**
 * Makes an applier that follows a slice with a `pg.Pool`.
 *
 * A change opens a new pool and checks it with one query, over a client that then stays in the pool. A replaced pool
 * works on until no client is checked out and no query waits, so no query is lost. After `drainMs` its connections are
 * cut, and the remaining queries are rejected. Errors of idle connections are reported and never end the process. During
 * a change both pools hold connections, so leave room in the server's `max_connections`.
 *
 * A change of `max` alone also makes a new pool: the limit of a live pool takes effect only as clients become idle, and
 * a rollback of it would not be exact.
 * @throws ChangeoverError `reloader.invalid-option` if `connectMs` or `drainMs` is not a valid delay
 * @example
 * ```ts
 * import { pgPool } from 'changeover/pg'
 *
 * reloader.use('db', (config) => config.db, pgPool())
 * await reloader.modules.db.current.query('select now()')
 * ```
 */
export const pgPool = <Needs extends object = object>(
  options: PgPoolOptions = {},
): Applier<PgSlice, pg.Pool, Needs> => {
  const { connectMs = DEFAULT_CONNECT_MS, probe = 'select 1', drainMs } = options
  checkMs('connectMs', connectMs, 1)
  const opened = new WeakMap<pg.Pool, { slice: PgSlice; close: (signal: AbortSignal) => Promise<void> }>()
  return resource<PgSlice, pg.Pool, Needs>({
    open: (slice, context) => {
      const connections = trackConnections(connectMs)
      const pool = new pg.Pool({ ...options.pool, ...toPoolConfig(slice), Client: connections.Client })
      opened.set(pool, { slice, close: (signal) => closePool(pool, connections, context.clock, signal) })
      reportErrors(pool, connections, context.report)
      return pool
    },
    check: async (pool, signal) => {
      try {
        await probePool(pool, probe, signal)
      } catch (error) {
        throw describeError(error, opened.get(pool)?.slice ?? {})
      }
    },
    close: (pool, signal) => opened.get(pool)?.close(signal),
    ...(drainMs === undefined ? {} : { drainMs }),
  })
}

/** Without a listener on the pool and on every client, a lost connection ends the process. */
const reportErrors = (pool: pg.Pool, connections: PgConnections, report: PrepareContext<unknown>['report']): void => {
  const reported = new WeakSet<Error>() // both emit the error of an idle client
  const reportOnce = (error: Error): void => {
    if (reported.has(error) || connections.isCut()) return
    reported.add(error)
    report(error)
  }
  pool.on('error', reportOnce)
  pool.on('connect', (client) => client.on('error', reportOnce))
}

const probePool = async (pool: pg.Pool, query: string, signal: AbortSignal): Promise<void> => {
  const connecting = pool.connect()
  const client = await raceAbort(connecting, signal).catch((error: unknown) => {
    // Aborted while the client connects or waits for its turn: it is released as soon as it is there.
    connecting.then((late) => late.release()).catch(() => undefined)
    throw error
  })
  try {
    await raceAbort(client.query(query), signal)
  } catch (error) {
    client.release(true) // the query may still run
    throw error
  }
  client.release()
}

const closePool = async (
  pool: pg.Pool,
  connections: PgConnections,
  clock: Clock,
  signal: AbortSignal,
): Promise<void> => {
  // A query that waits when `end` is called would never get a client, so it must be answered first. The pool has no
  // event for that, hence the polling.
  while (isBusy(pool) && !signal.aborted) await sleep(clock, DRAIN_POLL_MS, signal)
  if (!isBusy(pool)) {
    await pool.end()
    // `end` does not wait until the server has closed the connections.
    while (connections.hasOpen() && !signal.aborted) await sleep(clock, DRAIN_POLL_MS, signal)
    if (!connections.hasOpen()) return
  }
  const endOnce = (): void => {
    // `end` would leave waiting queries without an answer.
    if (pool.waitingCount === 0 && !pool.ending) pool.end().catch(() => undefined)
  }
  connections.cut(endOnce)
  endOnce()
  // Not awaited: a client that is never released has no connection any more, but keeps `end` pending.
}

const isBusy = (pool: pg.Pool): boolean => pool.waitingCount > 0 || pool.totalCount > pool.idleCount
